import { execFileSync } from 'node:child_process';
import { packagePath } from '../../host/kernel/load.js';
import { nativeImplementation, shortTiming } from './implementations.js';
import { whereNative } from './native.js';
import { describeNode } from './suite.js';

await whereNative(() => {
  const script = packagePath('test/node/build-sanitized.mjs');
  const binary = execFileSync(process.execPath, [script], { encoding: 'utf8' }).trim();
  describeNode(nativeImplementation('native, sanitized', binary, shortTiming));
});
