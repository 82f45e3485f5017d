import binaryen from 'binaryen';
import { describe, expect, it } from 'vitest';
import { kernelExports } from '../../host/contract/schema.js';
import { loadKernelBytes } from '../../host/kernel/load.js';

/** What the released bytes may not contain, and what they must offer. */

function textOf(wasm: Uint8Array): string {
  const module = binaryen.readBinary(wasm);
  try {
    return module.emitText();
  } finally {
    module.dispose();
  }
}

/** Instructions of float or vector types, and explicit traps. */
function forbidden(text: string): string[] {
  return text.match(/\b(?:[fv](?:32|64|128)\S*|\S+_f(?:32|64)\S*|unreachable)\b/g) ?? [];
}

describe('build/kernel.wasm', () => {
  it('has no float, vector or unreachable instruction', () => {
    expect(forbidden(textOf(loadKernelBytes()))).toEqual([]);
  });

  it('would be caught if it had one', () => {
    const module = binaryen.parseText(`(module
      (func $a (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0)))
      (func $b (result f64) (f64.convert_i32_s (i32.const 1)))
      (func $c (unreachable)))`);
    const found = forbidden(textOf(module.emitBinary()));
    expect(found).toEqual(
      expect.arrayContaining([
        'f32',
        'i32.trunc_sat_f32_s',
        'f64',
        'f64.convert_i32_s',
        'unreachable',
      ]),
    );
  });

  it('imports nothing', () => {
    expect(textOf(loadKernelBytes())).not.toMatch(/\(import /);
  });

  it('exports the functions of the contract and its memory, and nothing else', () => {
    const exports = textOf(loadKernelBytes()).matchAll(/\(export "(\w+)" \((\w+)/g);
    const found = [...exports].map(([, name, kind]) => `${kind} ${name}`);
    const expected = ['memory memory', ...kernelExports.map(({ name }) => `func ${name}`)];
    expect(found.sort()).toEqual(expected.sort());
  });

  it('takes and returns i32 as the contract says', () => {
    const module = binaryen.readBinary(loadKernelBytes());
    for (const { name, parameters } of kernelExports) {
      const { value } = binaryen.getExportInfo(module.getExport(name));
      const { params, results } = binaryen.getFunctionInfo(module.getFunction(value));
      expect(binaryen.expandType(params)).toEqual(parameters.map(() => binaryen.i32));
      expect(binaryen.expandType(results)).toEqual([binaryen.i32]);
    }
    module.dispose();
  });
});
