/**
 * `npm run bench:v8`: the portable kernel in V8 beside one with plain loops (bench/naive/), on the nets of
 * the other benchmarks. Both train the same samples to the same bits; timed in turns, so that a ratio is fair
 * where a time is not.
 */
import { fileURLToPath } from 'node:url';
import { decay } from '../host/contract/contract.gen.js';
import { sha256, toHex } from '../host/contract/hash.js';
import { Kernel } from '../host/kernel/kernel.js';
import { loadKernelBytes } from '../host/kernel/load.js';
import { openV8Engine } from '../host/kernel/v8-engine.js';
import { buildDescriptor, type LayerSpec } from '../host/model/descriptor.js';
import { buildKernelVariant } from './variant.js';
import { makeSamples } from './samples.js';

/** How many times faster training must be than with plain loops. */
const target = 3;
const rounds = 9;
const roundMs = 60;

interface Net {
  readonly name: string;
  readonly width: number;
  readonly channels: number;
  readonly layers: readonly LayerSpec[];
}

const conv = (filters: number, kernel: number): LayerSpec => ({
  op: 'conv1d',
  filters,
  kernel,
  stride: 2,
  padding: 'same',
  activation: 'relu',
});
const dense = (outputs: number, activation: 'relu' | 'none' = 'none'): LayerSpec => ({
  op: 'dense',
  outputs,
  activation,
});

const nets: readonly Net[] = [
  { name: '64-32-6', width: 64, channels: 1, layers: [dense(32, 'relu'), dense(6)] },
  { name: '187-32-5', width: 187, channels: 1, layers: [dense(32, 'relu'), dense(5)] },
  {
    name: 'ECG conv1d',
    width: 128,
    channels: 3,
    layers: [conv(8, 7), conv(16, 5), { op: 'maxPool1d', size: 4 }, dense(3)],
  },
  {
    name: 'HAR conv1d',
    width: 128,
    channels: 9,
    layers: [conv(8, 5), conv(16, 5), { op: 'globalAveragePool' }, dense(6)],
  },
];

type Call = 'train' | 'infer';

/** A kernel with a net planned, and samples to call it on. */
class Contestant {
  private constructor(
    private readonly kernel: Kernel,
    private readonly samples: ReturnType<typeof makeSamples>,
  ) {}

  static async open(wasm: Uint8Array, net: Net): Promise<Contestant> {
    const kernel = new Kernel(await openV8Engine(wasm));
    const input = { width: net.width, channels: net.channels, exponent: -6 };
    kernel.plan(buildDescriptor({ input, layers: net.layers, loss: 'softmax-cross-entropy' }));
    kernel.initialise(1);
    kernel.begin({
      federationSeed: 1,
      baseVersion: 0,
      nodeKey: 0,
      lrShift: 7,
      lrDecay: decay.CONSTANT,
      totalSteps: 1,
      skipThreshold: 0,
    });
    const elements = net.width * net.channels;
    const classes = kernel.word('classes');
    return new Contestant(kernel, makeSamples({ elements, classes }, 64));
  }

  /** Calls on the samples in turn; milliseconds of processor time, which other processes do not stretch. */
  run(call: Call, count: number): number {
    const start = process.cpuUsage();
    for (let i = 0; i < count; i++) {
      const { x, label } = this.samples[i % this.samples.length];
      if (call === 'train') this.kernel.train(x, label);
      else this.kernel.infer(x);
    }
    return process.cpuUsage(start).user / 1000;
  }

  hash(): string {
    return toHex(sha256(new Uint8Array(this.kernel.storeParameters().buffer)));
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

interface Comparison {
  readonly net: string;
  readonly call: Call;
  /** µs per call. */
  readonly naive: number;
  readonly portable: number;
  /** Median of the paired ratios. */
  readonly ratio: number;
}

/** Both contestants in turns, each round long enough to be timed. */
function compare(net: Net, call: Call, naive: Contestant, portable: Contestant): Comparison {
  const count = Math.max(64, Math.ceil((roundMs / naive.run(call, 64)) * 64));
  portable.run(call, count);
  const pairs = Array.from({ length: rounds }, () => ({
    naive: naive.run(call, count) / count,
    portable: portable.run(call, count) / count,
  }));
  return {
    net: net.name,
    call,
    naive: 1000 * median(pairs.map((pair) => pair.naive)),
    portable: 1000 * median(pairs.map((pair) => pair.portable)),
    ratio: median(pairs.map((pair) => pair.naive / pair.portable)),
  };
}

async function compareNet(naiveWasm: Uint8Array, net: Net): Promise<Comparison[]> {
  const naive = await Contestant.open(naiveWasm, net);
  const portable = await Contestant.open(loadKernelBytes(), net);
  naive.run('train', 200);
  portable.run('train', 200);
  if (naive.hash() !== portable.hash())
    throw new Error(`${net.name}: the kernels trained differently`);
  return (['train', 'infer'] as const).map((call) => compare(net, call, naive, portable));
}

async function main(): Promise<void> {
  const naive = buildKernelVariant({
    replacements: {
      'ops/linear.ts': 'bench/naive/assembly/linear.ts',
      'ops/conv.ts': 'bench/naive/assembly/conv.ts',
      'ops/dense.ts': 'bench/naive/assembly/dense.ts',
    },
  });
  const rows: Comparison[] = [];
  for (const net of nets) rows.push(...(await compareNet(naive, net)));
  if (process.argv.includes('--json')) console.log(JSON.stringify(rows, null, 2));
  else {
    console.log(
      `Portable kernel in V8 ${process.versions.v8}, µs per sample; medians of ${rounds} rounds`,
    );
    for (const { net, call, naive: slow, portable, ratio } of rows) {
      const times = `naive ${slow.toFixed(2).padStart(8)}  portable ${portable.toFixed(2).padStart(7)}`;
      console.log(`${net.padEnd(12)} ${call.padEnd(6)} ${times}  ${ratio.toFixed(1)} ×`);
    }
  }
  if (rows.some(({ call, ratio }) => call === 'train' && ratio < target)) {
    console.error(`Training is below the target of ${target} ×.`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
