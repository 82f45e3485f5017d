import binaryen from 'binaryen';
import { describe, expect, it } from 'vitest';
import { version, type StatusName } from '../../host/contract/contract.gen.js';
import { intrinsics, kernelExports } from '../../host/contract/schema.js';
import { sha256 } from '../../host/contract/hash.js';
import { checkKernel } from '../../host/kernel/check-kernel.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { readWasmModule } from '../../host/kernel/wasm-module.js';
import {
  answering,
  edited,
  hanging,
  importing,
  trapping,
  withoutExport,
} from '../node/bad-kernels.js';

const portable = loadKernelBytes('portable');
const accelerated = loadKernelBytes('accelerated');

/** A module of text; floats and the like are switched on. */
function assemble(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  try {
    module.setFeatures(binaryen.Features.All);
    return new Uint8Array(module.emitBinary());
  } finally {
    module.dispose();
  }
}

/** All a kernel must export, doing nothing; `rest` are more fields of the module. */
function skeleton(rest: string, memory = '(memory (export "memory") 1)'): string {
  const functions = kernelExports.map(({ name, parameters }) => {
    const types = parameters.map(() => '(param i32)').join(' ');
    const result = name === 'abi' ? version.KERNEL_ABI : 64;
    return `(func (export "${name}") ${types} (result i32) (i32.const ${result}))`;
  });
  const words = [version.KERNEL_ABI, version.NUMERICS, 0].map((word) => `\\0${word}\\00\\00\\00`);
  return `(module ${memory} (data (i32.const 64) "${words.join('')}") ${functions.join('\n')} ${rest})`;
}

/** A function nobody calls. */
const withFunction = (body: string): Uint8Array => assemble(skeleton(`(func ${body})`));

const refused: readonly (readonly [string, StatusName, RegExp, Uint8Array])[] = [
  ['no bytes', 'ERR_ENGINE', /is no valid wasm module/, new Uint8Array()],
  ['text', 'ERR_ENGINE', /is no valid wasm module/, new TextEncoder().encode('not wasm')],
  ['half a kernel', 'ERR_ENGINE', /is no valid wasm module/, portable.slice(0, 2000)],
  [
    'a start function',
    'ERR_ENGINE',
    /runs code when it starts/,
    assemble(skeleton('(func $s) (start $s)')),
  ],
  ['a float constant', 'ERR_ENGINE', /instruction 0x43/, withFunction('(drop (f32.const 1))')],
  [
    'a float behind operands',
    'ERR_ENGINE',
    /instruction 0x44/,
    withFunction(`(local $i i64)
    (block $a (block $b (br_table $a $b $a (i32.const 0))))
    (drop (i64.load offset=70000 align=4 (i32.const 300)))
    (i64.store32 offset=200 (i32.const 0) (local.tee $i (i64.const -9007199254740993)))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))
    (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))
    (drop (memory.grow (memory.size)))
    (drop (f64.const 1))`),
  ],
  ['a float parameter', 'ERR_ENGINE', /no integers/, withFunction('(param f32)')],
  ['a float variable', 'ERR_ENGINE', /no integers/, withFunction('(local f64)')],
  [
    'a float global',
    'ERR_ENGINE',
    /no integers/,
    assemble(skeleton('(global (mut f32) (f32.const 0))')),
  ],
  [
    'a conversion to float',
    'ERR_ENGINE',
    /instruction 0x/,
    withFunction(
      '(param i32) (result i32) (i32.trunc_sat_f32_s (f32.reinterpret_i32 (local.get 0)))',
    ),
  ],
  ['vectors', 'ERR_ENGINE', /instruction 0xfd/, withFunction('(drop (v128.const i32x4 0 0 0 0))')],
  [
    'a reference',
    'ERR_ENGINE',
    /instruction 0x25/,
    assemble(skeleton('(table $t 1 funcref) (func (drop (table.get $t (i32.const 0))))')),
  ],
  [
    'two pages',
    'ERR_MEMORY',
    /starts with 2 pages/,
    assemble(skeleton('', '(memory (export "memory") 2)')),
  ],
  ['a hidden memory', 'ERR_ABI', /export one memory/, assemble(skeleton('', '(memory 1)'))],
  [
    'a foreign memory',
    'ERR_INTRINSICS',
    /env\.memory/,
    assemble(skeleton('', '(memory (import "env" "memory") 1)')),
  ],
  ['no train', 'ERR_ABI', /does not export train/, withoutExport('train')],
  [
    'a train of two labels',
    'ERR_ABI',
    /train with another signature/,
    edited((module) => {
      module.removeExport('train');
      const types = binaryen.createType([binaryen.i32, binaryen.i32]);
      module.addFunction('two', types, binaryen.i32, [], module.i32.const(0));
      module.addFunctionExport('two', 'train');
    }),
  ],
  ['an import from elsewhere', 'ERR_INTRINSICS', /imports env\.abort/, importing('env', 'abort')],
  [
    'an unknown intrinsic',
    'ERR_INTRINSICS',
    /imports linnet\.mystery/,
    importing('linnet', 'mystery'),
  ],
  [
    'an intrinsic without arguments',
    'ERR_INTRINSICS',
    /linear_forward with another signature/,
    importing('linnet', 'linear_forward'),
  ],
  [
    'intrinsics it does not own up to',
    'ERR_INTRINSICS',
    /says intrinsic set 0 and imports set 1/,
    assemble(
      skeleton(
        '',
        '(import "linnet" "pool_forward" (func (param i32) (result i32))) (memory (export "memory") 1)',
      ),
    ),
  ],
  ['another ABI', 'ERR_ABI', /has ABI 99/, answering('abi', 99)],
  ['a block outside its memory', 'ERR_ABI', /block outside/, answering('block', 65500)],
  ['a crooked block', 'ERR_ABI', /block outside/, answering('block', 66)],
  ['a block of zeros', 'ERR_ABI', /another ABI in its block/, answering('block', 60000)],
  ['abi that traps', 'ERR_TRAP', /cannot be started/, trapping('abi')],
  ['abi that hangs', 'ERR_TRAP', /abi did not end in \d+ ms/, hanging('abi')],
  ['block that hangs', 'ERR_TRAP', /block did not end/, hanging('block')],
];

describe('a kernel that may be offered', () => {
  it.each([
    ['portable', portable, 0],
    ['accelerated', accelerated, version.INTRINSIC_SET],
  ] as const)('is the %s one', async (_, bytes, intrinsicSet) => {
    expect(await checkKernel(bytes)).toEqual({
      hash: sha256(bytes),
      numerics: version.NUMERICS,
      intrinsicSet,
    });
  });

  it('is one that does nothing but say so', async () => {
    await expect(checkKernel(assemble(skeleton('')))).resolves.toMatchObject({ intrinsicSet: 0 });
  });

  it.each(refused)('is not one with %s', async (_, code, message, bytes) => {
    await expect(checkKernel(bytes)).rejects.toMatchObject({ code });
    await expect(checkKernel(bytes)).rejects.toThrow(message);
  });
});

describe('a module that is read', () => {
  it('has the imports and exports that binaryen finds', () => {
    const { imports, functions, memories, exportsMemory } = readWasmModule(accelerated);
    expect(new Set(imports.map(({ name }) => name))).toEqual(
      new Set(intrinsics.map(({ name }) => name)),
    );
    expect([...functions.keys()].sort()).toEqual(kernelExports.map(({ name }) => name).sort());
    expect({ memories, exportsMemory }).toEqual({
      memories: [{ initialPages: 1, isShared: false }],
      exportsMemory: true,
    });
  });
});
