import { describe, it } from 'vitest';
import { compileProgram, hasCompiler, runProgram } from './native.js';

const storeSources = [
  ...['store', 'store_kernel', 'store_cell', 'store_record', 'store_residual'],
  ...['crypto', 'hmac', 'sha256', 'crc32', 'bytes'],
  '../ports/emulated/nor_flash',
];

const intrinsicsSources = [
  ...[
    'table',
    'view',
    'linear',
    'dense',
    'conv',
    'depthwise',
    'pool',
    'loss',
    'requantise',
    'update',
  ].map((name) => `intrinsics/${name}`),
  './layers',
];

/** Every test program and what it is made of; it ends with a line on stderr if a check fails. */
const programs = {
  bytes_test: ['bytes', 'messages.gen'],
  frame_test: ['frame', 'crc32', 'bytes'],
  cbor_test: ['cbor', 'bytes'],
  heap_test: ['heap'],
  intrinsics_test: [...intrinsicsSources, './naive'],
  intrinsics_hostile_test: intrinsicsSources,
  store_test: storeSources,
  store_cut_test: storeSources,
};

describe.skipIf(!hasCompiler)('firmware core in C, with sanitizers', () => {
  for (const [name, sources] of Object.entries(programs)) {
    it(name, () => {
      runProgram(compileProgram(name, sources));
    });
  }
});
