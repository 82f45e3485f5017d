/**
 * `npx tsx test/fuzz/seeds.ts`: writes the seeds of the fuzz targets, where a search begins. A line of
 * firmware/fuzz/seeds/TARGET.txt is a name and an input in base64. What a search found and was
 * mended is added by hand below the line `# found`, which this program keeps.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { blockWord, intrinsicNames, record, region } from '../../host/contract/contract.gen.js';
import type { IntrinsicName, KernelEngine } from '../../host/kernel/engine.js';
import { Kernel } from '../../host/kernel/kernel.js';
import { loadKernelBytes, packagePath } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import { readModel } from '../oracle/descriptor.js';
import { drawSample } from '../vectors/fill.js';
import { type Net, netDescriptor } from '../vectors/net.js';
import { loadVectors } from '../vectors/vector-file.js';
import { concat, type Seed } from './seed.js';
import { frameSeeds, messageSeeds, nodeSeeds, payloadSeeds, wireSeeds } from './wire-seeds.js';

const foundLine = '# found';

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** Actions of firmware/fuzz/kernel_fuzz.c after a plan: [what, seed, argument]. */
const actions: readonly (readonly [number, number, number])[] = [
  [1, 0, 7],
  [0, 4, 0],
  [2, 1, 0],
  [3, 2, 1],
  [4, 3, 1],
  [5, 4, 0],
  [6, 0, 2],
  [6, 2, 2],
  [6, 3, 2],
  [8, 5, 100],
  [9, 6, 0],
  [10, 0, 0],
  // Sixteen slices, of RICE_INT16 and DENSE_3 there, of DENSE_3 back.
  [12, 1, 61480],
  [12, 2, 61498],
  [13, 3, 61498],
];

function kernelInput(descriptor: Uint8Array, memoryUnits: number): Uint8Array {
  const head = Uint8Array.of(descriptor.length, descriptor.length >> 8, memoryUnits - 1, 0);
  const tail = actions.map(([what, seed, argument]) =>
    Uint8Array.of(what, seed, argument, argument >> 8),
  );
  return concat([head, u32(0), descriptor, ...tail]);
}

/** Every descriptor that the vectors plan in small or refuse, once. */
function kernelSeeds(): Seed[] {
  const seen = new Map<string, string>();
  for (const group of ['cortex-m0', 'refusals']) {
    for (const { name, script } of loadVectors(group).cases) {
      for (const step of script) {
        if (step.do === 'plan' && step.descriptor.length < 1000 && !seen.has(step.descriptor)) {
          seen.set(step.descriptor, name);
        }
      }
    }
  }
  return [...seen].map(([hex, name]) => [
    name,
    kernelInput(Uint8Array.from(Buffer.from(hex, 'hex')), 64),
  ]);
}

/** Nets whose layers are all the kinds that intrinsics know, small. */
const nets: readonly Net[] = [
  {
    input: [1, 8, 2],
    layers: [{ conv: 3, kernel: 3, stride: 2, pad: 'same' }, { pool: 'global' }, { dense: 3 }],
  },
  {
    input: [5, 4, 1],
    layers: [
      { conv: 2, kernel: [3, 3], pad: 'same' },
      { pool: 'max', kernel: [2, 2], stride: [2, 2] },
      { dense: 3 },
    ],
  },
  {
    input: [1, 8, 3],
    layers: [
      { depthwise: true, kernel: 3, pad: 'same' },
      { pool: 'average', kernel: 3, stride: 2 },
      { dense: 4 },
      { dense: 2 },
    ],
  },
  { input: [1, 6, 1], layers: [{ dense: 3 }, { dense: 6 }], loss: 'squared error' },
];

/** Bytes of a LAYER and where its kind stands (SPEC 5.1). */
const layerBytes = 88;
const kindOffset = 48;

const stems: Readonly<Record<number, string>> = {
  [record.DENSE]: 'linear',
  [record.CONV]: 'linear',
  [record.DEPTHWISE]: 'depthwise',
  [record.MAX_POOL]: 'pool',
  [record.AVERAGE_POOL]: 'pool',
  [record.GLOBAL_AVERAGE_POOL]: 'pool',
};

function intrinsicInput(
  name: IntrinsicName,
  args: readonly number[],
  memory: Uint8Array,
): Uint8Array {
  const which = intrinsicNames.indexOf(name);
  const words = [0, 1, 2, 3].map((i) => u32(args[i] ?? 0));
  const length = memory.findLastIndex((byte) => byte !== 0) + 1;
  const head = Uint8Array.of(which, 0, memory.length, memory.length >> 8);
  return concat([head, ...words, memory.subarray(0, length)]);
}

/** A model that has trained one step, in as much memory as it needs. */
async function trainedMemory(net: Net): Promise<{ engine: KernelEngine; memory: Uint8Array }> {
  const engine = await openV8Engine(loadKernelBytes());
  const kernel = new Kernel(engine);
  const descriptor = netDescriptor(net);
  kernel.plan(descriptor);
  kernel.initialise(1);
  kernel.begin({
    federationSeed: 1,
    baseVersion: 0,
    nodeKey: 0,
    lrShift: 4,
    lrDecay: 0,
    totalSteps: 1,
    skipThreshold: 0,
  });
  const { x, label } = drawSample(readModel(descriptor), 3, 0);
  kernel.train(x, label);
  return { engine, memory: engine.readBytes(0, kernel.word('arenaBytes')) };
}

function wordAt(memory: Uint8Array, at: number): number {
  return new DataView(memory.buffer).getUint32(at, true);
}

function layerSeeds(n: number, memory: Uint8Array, block: number): Seed[] {
  const entry = wordAt(memory, block + 4 * blockWord.regionsPtr) + 8 * region.LAYERS;
  const [start, bytes] = [wordAt(memory, entry), wordAt(memory, entry + 4)];
  return Array.from({ length: bytes / layerBytes }, (_, i) => start + i * layerBytes).flatMap(
    (at, i) => {
      const stem = stems[wordAt(memory, at + kindOffset) & 0xffff];
      return (['forward', 'backward'] as const).map((direction): Seed => {
        const name = `${stem}_${direction}` as IntrinsicName;
        return [`${name} ${n}.${i}`, intrinsicInput(name, [at, -9, 12345, 4], memory)];
      });
    },
  );
}

/** HEAD is no region: it is where the address of the logits stands besides in the block. */
function headSeed(n: number, net: Net, memory: Uint8Array, block: number): Seed {
  const logits = wordAt(memory, block + 4 * blockWord.logitsPtr);
  const descriptor = wordAt(memory, block + 4 * blockWord.descriptorPtr);
  const at = Array.from({ length: descriptor / 4 }, (_, i) => 4 * i).find(
    (address) => address !== block + 4 * blockWord.logitsPtr && wordAt(memory, address) === logits,
  );
  if (at === undefined) throw new Error('no HEAD in the memory of the kernel');
  const name = net.loss === 'squared error' ? 'squared_error' : 'softmax_cross_entropy';
  return [`${name} ${n}`, intrinsicInput(name, [at, 0, 0], memory)];
}

async function intrinsicSeeds(): Promise<Seed[]> {
  const seeds: Seed[] = [];
  for (const [n, net] of nets.entries()) {
    const { engine, memory } = await trainedMemory(net);
    const block = engine.call('block');
    seeds.push(...layerSeeds(n, memory, block), headSeed(n, net, memory, block));
    engine.close();
  }
  return seeds;
}

function save(target: string, seeds: readonly Seed[]): void {
  const path = packagePath(`firmware/fuzz/seeds/${target}.txt`);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const found = before.includes(foundLine) ? before.slice(before.indexOf(foundLine)) : foundLine;
  const lines = seeds.map(
    ([name, bytes]) =>
      `${name.replaceAll(/[^\w.]+/g, '-')} ${Buffer.from(bytes).toString('base64')}`,
  );
  writeFileSync(path, `${lines.join('\n')}\n${found.trimEnd()}\n`);
  console.log(`${path}: ${seeds.length} seeds`);
}

save('kernel', kernelSeeds());
save('payload', await payloadSeeds());
save('node', nodeSeeds());
save('wire', wireSeeds());
save('frame', frameSeeds());
save('message', messageSeeds());
save('intrinsics', await intrinsicSeeds());
