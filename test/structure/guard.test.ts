/** The border of the engine (firmware/engine/guard.S): what kernel.h offers and nothing else. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packagePath } from '../../host/kernel/load.js';

const namesIn = (file: string, pattern: RegExp): string[] =>
  [...readFileSync(packagePath(file), 'utf8').matchAll(pattern)].map(([, name]) => name).sort();

it('every function of kernel.h is guarded, or its callers would lose registers', () => {
  const offered = namesIn('firmware/src/kernel.h', /^\w.*\blinnet_kernel_(\w+)\(/gm);
  expect(offered).toContain('call');
  expect(namesIn('firmware/engine/guard.S', /^ {4}guard +(\w+)$/gm)).toEqual(offered);
});
