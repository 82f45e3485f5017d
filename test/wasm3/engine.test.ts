import { afterEach, describe, expect, it } from 'vitest';
import { blockWord, constant, status } from '../../host/contract/contract.gen.js';
import { LinnetError } from '../../host/contract/error.js';
import { kernelExports } from '../../host/contract/schema.js';
import type { KernelEngine } from '../../host/kernel/engine.js';
import { Kernel } from '../../host/kernel/kernel.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import { buildDescriptor } from '../../host/model/descriptor.js';
import { openWasm3Engine, type Wasm3Options } from '../../host/wasm3/engine.js';
import { wasm3Runtime } from '../runtimes/wasm3.js';

const reason = wasm3Runtime.available();
if (reason !== undefined && !process.env['CI']) console.log(`wasm3 binding skipped: ${reason}`);

const wasm = loadKernelBytes();
const kernelNames = kernelExports.map(({ name }) => name);
const opened: KernelEngine[] = [];

function open(bytes: Uint8Array = wasm, options?: Wasm3Options): KernelEngine {
  const engine = openWasm3Engine(bytes, options);
  opened.push(engine);
  return engine;
}

afterEach(() => {
  for (const engine of opened.splice(0)) engine.close();
});

/** A kernel in a heap that just holds it: nothing more can be compiled. */
function openInSmallestHeap(memoryBytes: number): KernelEngine {
  for (let heapBytes = memoryBytes; ; heapBytes += 64) {
    try {
      return open(wasm, { memoryBytes, heapBytes });
    } catch (error) {
      if (!(error instanceof LinnetError && error.code === 'ERR_MEMORY')) throw error;
    }
  }
}

function describeModel(inputs: number, hidden: number): Uint8Array {
  return buildDescriptor({
    input: { width: inputs, exponent: -5 },
    layers: [
      { op: 'dense', outputs: hidden, activation: 'relu' },
      { op: 'dense', outputs: 3 },
    ],
    loss: 'softmax-cross-entropy',
  });
}

/** A module that exports `memory` and the functions of the kernel, all of one body of wasm code. */
function makeKernel(body: readonly number[], names: readonly string[]): Uint8Array {
  const text = (name: string): number[] => [name.length, ...new TextEncoder().encode(name)];
  const section = (id: number, content: readonly number[]): number[] => [
    id,
    (content.length & 127) | 128,
    content.length >> 7,
    ...content,
  ];
  const code = [body.length + 2, 0, ...body, 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 1, 0x7f]),
    ...section(3, [names.length, ...names.map(() => 0)]),
    ...section(5, [1, 0, 1]),
    ...section(7, [names.length, ...names.flatMap((name, i) => [...text(name), 0, i])]),
    ...section(10, [names.length, ...names.flatMap(() => code)]),
  ]);
}

describe.skipIf(reason !== undefined && !process.env['CI'])('wasm3 binding', () => {
  it('names the engine, its version and where it came from', () => {
    expect(open().name).toMatch(/^wasm3 \d+\.\d+\.\d+ \(.+\)$/);
  });

  it('agrees with V8 on a model of several pages', async () => {
    const descriptor = describeModel(784, 64);
    const kernels = [new Kernel(open()), new Kernel(await openV8Engine(wasm))];
    const [inWasm3, inV8] = kernels.map((kernel) => {
      kernel.plan(descriptor);
      kernel.initialise(7);
      return kernel.storeParameters();
    });
    expect(inWasm3.length).toBeGreaterThan(32768);
    expect(inWasm3).toEqual(inV8);
  });

  it('runs kernels side by side', () => {
    const [first, second] = [new Kernel(open()), new Kernel(open())];
    for (const [kernel, seed] of [
      [first, 1],
      [second, 2],
    ] as const) {
      kernel.plan(describeModel(8, 4));
      kernel.initialise(seed);
    }
    expect(first.storeParameters()).not.toEqual(second.storeParameters());
  });

  it('keeps code and weights when a model is planned again', () => {
    const kernel = new Kernel(open());
    const run = (): Int16Array => {
      kernel.plan(describeModel(8, 4));
      kernel.initialise(3);
      kernel.begin({
        federationSeed: 1,
        baseVersion: 0,
        nodeKey: 0,
        lrShift: 3,
        lrDecay: 0,
        totalSteps: 1,
        skipThreshold: 0,
      });
      kernel.train(Int8Array.of(9, -8, 7, -6, 5, -4, 3, -2), 1);
      return kernel.storeParameters();
    };
    expect(run()).toEqual(run());
  });

  it('gives exactly the memory it was told to', () => {
    const engine = open(wasm, { memoryBytes: 10_000 });
    expect(engine.readBytes(9_996, 4)).toHaveLength(4);
    expect(() => engine.readBytes(9_997, 4)).toThrowError(
      expect.objectContaining({ code: 'ERR_RANGE' }),
    );
  });

  it.each([
    ['no wasm', Uint8Array.of(1, 2, 3), 'ERR_ENGINE'],
    ['nothing', new Uint8Array(), 'ERR_ENGINE'],
    ['half a kernel', wasm.subarray(0, wasm.length >> 1), 'ERR_ENGINE'],
    ['a module without the exports', makeKernel([0x41, 0], ['abi']), 'ERR_ABI'],
    ['exports of another signature', makeKernel([0x41, 0], kernelNames), 'ERR_ABI'],
  ])('refuses %s', (_, bytes, code) => {
    expect(() => open(bytes)).toThrowError(expect.objectContaining({ code }));
  });

  it('refuses a heap that is too small', () => {
    expect(() => open(wasm, { memoryBytes: 10_000, heapBytes: 4_000 })).toThrowError(
      expect.objectContaining({ code: 'ERR_MEMORY' }),
    );
  });

  it('says so when compiled code does not fit any more, and stays closed', () => {
    const engine = openInSmallestHeap(10_000);
    const block = engine.call('block');
    engine.writeBytes(block + 4 * blockWord.descriptorBytes, Uint8Array.of(0, 0, 0, 0));
    expect(engine.call('plan')).toBe(status.ERR_MEMORY);
    expect(engine.call('abi')).toBe(status.ERR_STATE);
  });

  it.each([-1, 0.5, 2 ** 32, NaN, Infinity])('refuses address %d', (pointer) => {
    const engine = open();
    const refusal = expect.objectContaining({ code: 'ERR_RANGE' }) as Error;
    expect(() => engine.readBytes(pointer, 4)).toThrowError(refusal);
    expect(() => engine.writeBytes(pointer, new Uint8Array(4))).toThrowError(refusal);
    expect(() => engine.readBytes(0, pointer)).toThrowError(refusal);
  });

  it('throws on every use after close, which may be called twice', () => {
    const engine = open();
    engine.close();
    engine.close();
    const other = open();
    const refusal = expect.objectContaining({ code: 'ERR_STATE' }) as Error;
    expect(() => engine.call('abi')).toThrowError(refusal);
    expect(() => engine.readBytes(0, 1)).toThrowError(refusal);
    expect(other.call('abi')).toBeGreaterThan(0);
  });

  it('opens and closes many without running out', () => {
    for (let i = 0; i < 1000; i++) openWasm3Engine(wasm, { memoryBytes: 10_000 }).close();
    expect(open().call('abi')).toBeGreaterThan(0);
  });

  it('refuses more kernels at once than it has room for', () => {
    expect(() => {
      for (let i = 0; i < 300; i++) open(wasm, { memoryBytes: constant.DESCRIPTOR_MAX_BYTES });
    }).toThrowError(expect.objectContaining({ code: 'ERR_FULL' }));
  });
});
