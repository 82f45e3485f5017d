/**
 * `npm run footprint`: what a node needs beside the arena, measured on the board in QEMU, into
 * firmware/footprint.json. `--check` measures and compares instead.
 *
 * The interpreter compiles a function when it is first called, so what it holds depends on the layers of
 * the model: a dense net is measured, then one with a layer of each other kind before it. Their arenas
 * are so large that training takes more heap than planning; a tiny model tells what planning takes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
import type { LayerOp } from '../host/model/info.js';
import { openPlanner } from '../host/model/planner.js';
import { buildFirmware } from '../tools/build-firmware.mjs';
import { readImage } from './image.js';
import { runRounds } from './node-round.js';
import { runProgram } from './program.js';

const core = 'cortex-m4';
export const board = 'qemu-mps2-m4';
export const image = 'linnet-node';
const builds: readonly KernelBuild[] = ['accelerated', 'portable'];
const samplesPerSplit = 12;
/** Measured marks may differ by this much when a compiler of another version built the image. */
const tolerance = 0.03;

const inputWidth = 128;
const kernel = { kernel: 5, stride: 2, padding: 'same', activation: 'relu' } as const;
const denseLayers: readonly LayerSpec[] = [
  { op: 'dense', outputs: 64, activation: 'relu' },
  { op: 'dense', outputs: 4 },
];
const autoencoder: readonly LayerSpec[] = [
  { op: 'dense', outputs: 32, activation: 'relu' },
  { op: 'dense', outputs: inputWidth },
];
/** A layer of each kind in front of the dense ones; another kind beside it stands above it. */
const kinds: Readonly<Record<Exclude<LayerOp, 'dense'>, readonly LayerSpec[]>> = {
  conv: [{ op: 'conv1d', filters: 8, ...kernel }],
  depthwise: [{ op: 'depthwise1d', ...kernel, stride: 1 }],
  maxPool: [{ op: 'maxPool1d', size: 2 }],
  averagePool: [{ op: 'averagePool1d', size: 2 }],
  // On its own it leaves so little that training is smaller than planning.
  globalAveragePool: [{ op: 'conv1d', filters: 8, ...kernel }, { op: 'globalAveragePool' }],
  embedding: [{ op: 'embedding', vocabulary: 40, channels: 4 }],
};

function specOf(
  layers: readonly LayerSpec[],
  width = inputWidth,
  loss: ModelSpec['loss'] = 'softmax-cross-entropy',
): ModelSpec {
  return { input: { width, channels: 1, exponent: -5 }, layers, loss };
}

export interface Marks {
  readonly stack: number;
  /** Most heap in use: linear memory and the interpreter's tables, stack and compiled code. */
  readonly heap: number;
  /** Of it, what is not the arena. */
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
  const { inputs, classes } = parseDescriptor(descriptor);
  const emulator = 'qemu-system-arm -M mps2-an386 -display none -monitor none -serial stdio';
  const link = await openChildLink(`${emulator} -kernel ${JSON.stringify(imagePath)}`, {});
  const status = await runRounds(link, {
    kernelWasm,
    intrinsicSet: build === 'portable' ? 0 : version.INTRINSIC_SET,
    descriptor,
    initialSeed: 1,
    samples: sampleServer(inputs, classes),
  });
  return {
    stack: status.stackHighWaterBytes,
    heap: status.heapHighWaterBytes,
    interpreter: status.heapHighWaterBytes - arenaBytes,
  };
}

async function measureBuild(build: KernelBuild, folder: string): Promise<ImageFootprint> {
  const measure = async (name: string, spec: ModelSpec): Promise<Marks> => {
    const path = join(folder, `${image}.elf`);
    const marks = await measureMarks(build, buildDescriptor(spec), path);
    console.error(`${core} ${build}, ${name}: ${JSON.stringify(marks)}`);
    return marks;
  };
  const planning = await measure('planning', specOf([{ op: 'dense', outputs: 2 }], 4));
  const dense = await measure('dense', specOf(denseLayers));
  const coder = await measure('autoencoder', specOf(autoencoder, inputWidth, 'squared-error'));
  const base = Math.max(dense.interpreter, coder.interpreter);
  const extra: Partial<Record<LayerOp, number>> = {};
  const stacks = [planning.stack, dense.stack, coder.stack];
  for (const [op, layers] of Object.entries(kinds) as [LayerOp, readonly LayerSpec[]][]) {
    const spec = specOf([...layers, ...denseLayers]);
    const marks = await measure(op, spec);
    const known = parseDescriptor(buildDescriptor(spec))
      .layers.filter((layer) => layer.op !== op)
      .reduce((sum, layer) => sum + (extra[layer.op] ?? 0), 0);
    extra[op] = Math.max(0, marks.interpreter - dense.interpreter - known);
    stacks.push(marks.stack);
  }
  const parts = readImage(join(folder, `${image}.map`));
  return {
    ram: { ...Object.fromEntries(parts.ram), stack: Math.max(...stacks) },
    interpreter: { dense: base, layers: extra },
    planningHeap: planning.heap,
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

/** All bytes of one part of a footprint. */
function totalOf(part: unknown): number {
  if (typeof part === 'number') return part;
  return Object.values(part as object).reduce<number>((sum, inner) => sum + totalOf(inner), 0);
}

/** Parts that differ by more than the tolerance. */
function differences(measured: Footprints, kept: Footprints): string[] {
  return Object.entries(measured.cores).flatMap(([name, images]) =>
    Object.entries(images).flatMap(([build, parts]) =>
      (Object.keys(parts) as (keyof ImageFootprint)[]).flatMap((part) => {
        const now = totalOf(parts[part]);
        const then = totalOf(kept.cores[name]?.[build]?.[part] ?? 0);
        return Math.abs(now - then) > tolerance * now
          ? [`${name} ${build} ${part}: ${now} bytes, ${then} in the file`]
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

await runProgram(import.meta.url, main);
