/** The node as it is delivered, with its real pauses: test/node runs the same cases with short ones. */
import { packagePath } from '../../host/kernel/load.js';
import { defaultTiming } from '../../host/sim/node-timing.js';
import { nativeImplementation } from '../node/implementations.js';
import { whereNative } from '../node/native.js';
import { describeNode } from '../node/suite.js';

await whereNative(() => {
  describeNode(nativeImplementation('native', packagePath('build/linnet-node'), defaultTiming));
});
