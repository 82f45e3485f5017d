import { describe, expect, it } from 'vitest';
import {
  constant,
  blockWord,
  intrinsicNames,
  status,
  version,
} from '../../host/contract/contract.gen.js';
import { intrinsics, kernelExports } from '../../host/contract/schema.js';
import { nativeIntrinsics, openWasm3Engine } from '../../host/wasm3/engine.js';
import { wasm3Runtime } from '../runtimes/wasm3.js';

const reason = wasm3Runtime.available();

/** A module assembled here: what it imports, and the intrinsic set its parameter block names. */
interface KernelParts {
  readonly imports: readonly { module: string; name: string; arity: number; kind?: number }[];
  readonly set: number;
}

const block = 64;
const maxArity = 4;
const text = (name: string): number[] => [name.length, ...new TextEncoder().encode(name)];
const leb = (value: number): number[] => [(value & 127) | 128, value >> 7];
const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...leb(content.length),
  ...content,
];

/** Exports all that a kernel has; `infer` calls the first import with 1, 2, 3, 4, the rest gives 0. */
function assemble({ imports, set }: KernelParts): Uint8Array {
  const functions = imports.filter(({ kind = 0 }) => kind === 0);
  const first = functions.length;
  const types = Array.from({ length: maxArity + 1 }, (_, n) => [
    ...[0x60, n],
    ...Array<number>(n).fill(0x7f),
    ...[1, 0x7f],
  ]);
  const forward = [
    ...Array.from({ length: functions[0]?.arity ?? 0 }, (_, i) => [0x41, i + 1]).flat(),
    ...[0x10, 0],
  ];
  const bodies = kernelExports.map(({ name }) => {
    if (name === 'abi') return [0x41, version.KERNEL_ABI];
    if (name === 'block') return [0x41, ...leb(block)];
    return name === 'infer' && first > 0 ? forward : [0x41, 0];
  });
  const code = bodies.flatMap((body) => [body.length + 2, 0, ...body, 0x0b]);
  const exported = kernelExports.flatMap(({ name }, i) => [...text(name), 0, first + i]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [types.length, ...types.flat()]),
    ...section(2, [
      imports.length,
      ...imports.flatMap(({ module, name, arity, kind = 0 }) => [
        ...text(module),
        ...text(name),
        ...(kind === 0 ? [0, arity] : [3, 0x7f, 0]),
      ]),
    ]),
    ...section(3, [
      kernelExports.length,
      ...kernelExports.map(({ parameters }) => parameters.length),
    ]),
    ...section(5, [1, 0, 1]),
    ...section(7, [kernelExports.length, ...exported]),
    ...section(10, [kernelExports.length, ...code]),
    ...section(11, [1, 0, 0x41, ...leb(block + 4 * blockWord.intrinsicSet), 0x0b, 1, set]),
  ]);
}

const all = intrinsics.map(({ name, parameters }) => ({
  module: 'linnet',
  name,
  arity: parameters.length,
}));

describe.skipIf(reason !== undefined && !process.env['CI'])('imports of a kernel in wasm3', () => {
  it('accepts every intrinsic with its signature, and no imports at all', () => {
    for (const parts of [
      { imports: all, set: version.INTRINSIC_SET },
      { imports: [], set: 0 },
    ]) {
      const engine = openWasm3Engine(assemble(parts));
      expect(engine.call('abi')).toBe(version.KERNEL_ABI);
      engine.close();
    }
  });

  it.each([
    ['an unknown name', { module: 'linnet', name: 'attention', arity: 1 }],
    ['another module', { module: 'env', name: 'pool_forward', arity: 1 }],
    ['another signature', { module: 'linnet', name: 'pool_forward', arity: 2 }],
    ['a global', { module: 'linnet', name: 'pool_forward', arity: 0, kind: 3 }],
    ['a name longer than we keep', { module: 'env', name: 'a'.repeat(80), arity: 0 }],
  ])('refuses %s and says which', (_, unknown) => {
    const wasm = assemble({ imports: [...all.slice(0, 2), unknown], set: 1 });
    expect(() => openWasm3Engine(wasm)).toThrowError(
      expect.objectContaining({
        code: 'ERR_INTRINSICS',
        message: expect.stringContaining(`(${unknown.name.slice(0, 31)})`) as string,
      }),
    );
  });

  it('refuses another set, even of a kernel that imports nothing', () => {
    const wasm = assemble({ imports: [], set: version.INTRINSIC_SET + 1 });
    expect(() => openWasm3Engine(wasm)).toThrowError(
      expect.objectContaining({ code: 'ERR_INTRINSICS' }),
    );
  });

  it('calls the intrinsic, before and after a plan', () => {
    const engine = openWasm3Engine(assemble({ imports: all, set: 1 }), { memoryBytes: 4096 });
    expect(engine.call('infer')).toBe(status.ERR_RANGE);
    expect(engine.call('plan')).toBe(0);
    expect(engine.call('infer')).toBe(status.ERR_RANGE);
    engine.close();
  });
});

describe.skipIf(reason !== undefined && !process.env['CI'])('intrinsics for another engine', () => {
  it('has every name', () => {
    expect(Object.keys(nativeIntrinsics()!)).toEqual([...intrinsicNames]);
  });

  it('works on the memory it is given and refuses what is outside', () => {
    const { softmax_cross_entropy: softmax } = nativeIntrinsics()!;
    const memory = new ArrayBuffer(256);
    const view = new DataView(memory);
    const [logits, err, error, weights] = [64, 96, 128, 160];
    [logits, err, error, 0, weights, 3].forEach((word, i) => view.setUint32(4 * i, word, true));
    view.setInt32(4 * 6, -10, true);
    [100, 300, 200].forEach((z, i) => view.setInt32(logits + 4 * i, z, true));
    expect(softmax(memory, 0, 1, 0)).toBeGreaterThan(0);
    expect(view.getInt32(4 * 8, true)).toBe(1);
    expect(view.getInt32(err + 4, true)).toBeLessThan(0);
    expect(softmax(memory, 0, 1, 32767)).toBe(128);
    expect(softmax(memory, 0, 3, 0)).toBe(status.ERR_RANGE);
    view.setInt32(4 * 8, 0, true);
    expect(softmax(memory, 0, constant.NO_LABEL, 0)).toBe(constant.LOSS_SKIPPED);
    expect([view.getInt32(4 * 8, true), view.getInt32(4 * 9, true)]).toEqual([1, 0]);
    expect(softmax(memory, 220, 1, 0)).toBe(status.ERR_RANGE);
    expect(() => softmax(new Uint8Array(8) as unknown as ArrayBuffer, 0)).toThrowError(TypeError);
  });
});
