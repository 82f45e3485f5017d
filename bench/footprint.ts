/**
 * `npm run footprint`: what a node needs beside the arena, measured on the board in QEMU, into
 * firmware/footprint.json. `--check` measures and compares instead.
 *
 * The interpreter compiles a function when it is first called, so what it holds depends on the layers of
 * the model: the most of several models counts. The models use every layer kind between them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version } from '../host/contract/contract.gen.js';
import { loadKernelBytes, packagePath, type KernelBuild } from '../host/kernel/load.js';
import { openChildLink } from '../host/link/child-link.js';
import {
  buildDescriptor,
  parseDescriptor,
  type LayerSpec,
  type ModelSpec,
} from '../host/model/descriptor.js';
import type { Footprints, ImageFootprint } from '../host/model/footprint.js';
import { openPlanner } from '../host/model/planner.js';
import { buildFirmware } from '../tools/build-firmware.mjs';
import { readImage } from './image.js';
import { runRounds } from './node-round.js';

const core = 'cortex-m4';
export const board = 'qemu-mps2-m4';
export const image = 'linnet-node';
const builds: readonly KernelBuild[] = ['accelerated', 'portable'];
const samplesPerSplit = 12;
/** Measured marks may differ by this much when a compiler of another version built the image. */
const tolerance = 0.03;

const conv = { kernel: 5, stride: 2, padding: 'same', activation: 'relu' } as const;
const models: Readonly<Record<string, readonly LayerSpec[]>> = {
  dense: [
    { op: 'dense', outputs: 16, activation: 'relu' },
    { op: 'dense', outputs: 4 },
  ],
  'conv, pools': [
    { op: 'conv1d', filters: 6, ...conv },
    { op: 'maxPool1d', size: 2 },
    { op: 'averagePool1d', size: 2 },
    { op: 'dense', outputs: 4 },
  ],
  'embedding, depthwise, mean': [
    { op: 'embedding', vocabulary: 40, channels: 8 },
    { op: 'depthwise1d', kernel: 3, padding: 'same', activation: 'relu' },
    { op: 'conv1d', filters: 8, ...conv },
    { op: 'globalAveragePool' },
    { op: 'dense', outputs: 4 },
  ],
  autoencoder: [
    { op: 'dense', outputs: 8, activation: 'relu' },
    { op: 'dense', outputs: 64 },
  ],
};

function specOf(layers: readonly LayerSpec[]): ModelSpec {
  const isCoder = layers.every(({ op }) => op === 'dense') && layers.length === 2;
  const last = layers.at(-1)!;
  const loss = isCoder && 'outputs' in last && last.outputs === 64 ? 'squared-error' : undefined;
  return {
    input: { width: 64, exponent: -5 },
    layers,
    loss: loss ?? 'softmax-cross-entropy',
  };
}

export interface Marks {
  readonly stack: number;
  /** Heap of the interpreter beside linear memory: tables, its stack, compiled code. */
  readonly interpreter: number;
}

/** Seeded noise; labels in turn. */
function sampleServer(inputs: number, classes: number) {
  const sampleOf = (index: number): { x: Int8Array; label: number } => {
    let state = index + 1;
    const x = Int8Array.from({ length: inputs }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 24) - 128;
    });
    return { x: x.map((value) => Math.max(-127, value)), label: index % classes };
  };
  return { count: () => samplesPerSplit, sample: (_: number, index: number) => sampleOf(index) };
}

/** Runs a node on the board through two rounds of a model and reads its high-water marks. */
export async function measureMarks(
  build: KernelBuild,
  descriptor: Uint8Array,
  imagePath: string,
): Promise<Marks> {
  const kernelWasm = loadKernelBytes(build);
  const planner = await openPlanner(build);
  planner.plan(descriptor);
  const arenaBytes = planner.word('arenaBytes');
  const { inputs, classes, parameters } = parseDescriptor(descriptor);
  const emulator = 'qemu-system-arm -M mps2-an386 -display none -monitor none -serial stdio';
  const link = await openChildLink(`${emulator} -kernel ${JSON.stringify(imagePath)}`, {});
  const status = await runRounds(link, {
    kernelWasm,
    intrinsicSet: build === 'portable' ? 0 : version.INTRINSIC_SET,
    descriptor,
    words: new Int16Array(parameters).fill(128),
    samples: sampleServer(inputs, classes),
  });
  return {
    stack: status.stackHighWaterBytes,
    interpreter: status.heapHighWaterBytes - arenaBytes,
  };
}

async function measureBuild(build: KernelBuild, folder: string): Promise<ImageFootprint> {
  const marks: Marks[] = [];
  for (const [name, layers] of Object.entries(models)) {
    const descriptor = buildDescriptor(specOf(layers));
    const measured = await measureMarks(build, descriptor, join(folder, `${image}.elf`));
    console.error(`${core} ${build}, ${name}: ${JSON.stringify(measured)}`);
    marks.push(measured);
  }
  const most = (name: keyof Marks): number => Math.max(...marks.map((mark) => mark[name]));
  const parts = readImage(join(folder, `${image}.map`));
  return {
    ram: {
      ...Object.fromEntries(parts.ram),
      stack: most('stack'),
      'interpreter: tables, stack, compiled code': most('interpreter'),
    },
    flash: Object.fromEntries(parts.flash),
  };
}

async function measureFootprints(): Promise<Footprints> {
  const firmware = await buildFirmware(board, [image]);
  if (!firmware.available) throw new Error(firmware.reason);
  const images: Record<string, ImageFootprint> = {};
  for (const build of builds) images[build] = await measureBuild(build, firmware.folder);
  return { command: 'npm run footprint', cores: { [core]: images } };
}

/** Parts that differ by more than the tolerance. */
function differences(measured: Footprints, kept: Footprints): string[] {
  return Object.entries(measured.cores).flatMap(([name, images]) =>
    Object.entries(images).flatMap(([build, sides]) =>
      Object.entries(sides).flatMap(([side, parts]) => {
        const before = kept.cores[name]?.[build]?.[side as 'ram' | 'flash'] ?? {};
        const total = (list: Readonly<Record<string, number>>): number =>
          Object.values(list).reduce((sum, bytes) => sum + bytes, 0);
        const [now, then] = [total(parts), total(before)];
        return Math.abs(now - then) > tolerance * now
          ? [`${name} ${build} ${side}: ${now} bytes, ${then} in the file`]
          : [];
      }),
    ),
  );
}

async function main(): Promise<void> {
  const path = packagePath('firmware/footprint.json');
  const measured = await measureFootprints();
  if (process.argv.includes('--check')) {
    const changed = differences(measured, JSON.parse(readFileSync(path, 'utf8')) as Footprints);
    for (const line of changed) console.error(line);
    process.exitCode = changed.length > 0 ? 1 : 0;
  } else {
    writeFileSync(path, `${JSON.stringify(measured, null, 2)}\n`);
    console.error(`wrote ${path}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error(`Nothing measured: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
