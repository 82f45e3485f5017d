import { packagePath } from '../../host/kernel/load.js';
import { defaultTiming } from '../../host/sim/node-timing.js';
import { nativeImplementation } from './implementations.js';
import { whereNative } from './native.js';
import { describeNode } from './suite.js';

await whereNative(() => {
  describeNode(nativeImplementation('native', packagePath('build/linnet-node'), defaultTiming));
});
