import { join } from 'node:path';
import { version, type StatusResponse } from '../host/contract/contract.gen.js';
import type { Link } from '../host/link/link.js';
import { Kernel } from '../host/kernel/kernel.js';
import { openV8Engine } from '../host/kernel/v8-engine.js';
import { nativeIntrinsics } from '../host/wasm3/engine.js';
import { loadKernelBytes } from '../host/kernel/load.js';
import { openChildLink } from '../host/link/child-link.js';
import { encodeTape } from '../test/runtimes/tape.js';
import { runOnQemu } from '../test/runtimes/qemu.js';
import { buildFirmware } from '../tools/build-firmware.mjs';
import { readImage, sumBytes, type BytesByName, type ImageBytes } from './image.js';
import type { MeasuredModel } from './models.js';
import { runRounds } from './node-round.js';
import { makeSamples } from './samples.js';

const trainSamples = 40;
const testSamples = 10;

/** Every byte of RAM and flash a node needs for a model. */
export interface NodeBytes {
  readonly image: ImageBytes;
  readonly stackUsed: number;
  /** Parts of the engine's heap at its fullest. */
  readonly heap: BytesByName;
  readonly ramBytes: number;
  readonly flashBytes: number;
  /** Objects in the store: kernel, descriptor, one snapshot. */
  readonly store: BytesByName;
}

interface Planned {
  readonly arenaBytes: number;
  readonly parameters: number;
}

async function planInV8(kernelWasm: Uint8Array, { descriptor }: MeasuredModel): Promise<Planned> {
  const kernel = new Kernel(await openV8Engine(kernelWasm, nativeIntrinsics()));
  kernel.plan(descriptor);
  const planned = { arenaBytes: kernel.word('arenaBytes'), parameters: kernel.word('parameters') };
  kernel.close();
  return planned;
}

/** An image of the QEMU board: with all its RAM, or with no more than the ECG model is allowed. */
export type NodeImage = 'linnet-node' | 'linnet-node-32k';

function openNode(imagePath: string): Promise<Link> {
  const emulator = 'qemu-system-arm -M mps2-an386 -display none -monitor none -serial stdio';
  return openChildLink(`${emulator} -kernel ${JSON.stringify(imagePath)}`, {});
}

async function runNode(
  model: MeasuredModel,
  kernelWasm: Uint8Array,
  imagePath: string,
): Promise<StatusResponse> {
  const samples = makeSamples(model, trainSamples + testSamples);
  return runRounds(await openNode(imagePath), {
    kernelWasm,
    intrinsicSet: version.INTRINSIC_SET,
    descriptor: model.descriptor,
    initialSeed: 1,
    samples: {
      count: (split) => (split === 0 ? trainSamples : testSamples),
      sample: (split, index) => samples[split === 0 ? index : trainSamples + index],
    },
  });
}

/** Linear memory of a kernel that was opened and nothing else; it grows later. */
const openedBytes = 1024;

/** What the engine holds after opening the kernel, beside linear memory. */
async function measureTables(kernelWasm: Uint8Array): Promise<number> {
  const { usage } = await runOnQemu(kernelWasm, encodeTape([]), openedBytes);
  return usage.heapAfterOpen - openedBytes;
}

function splitHeap(status: StatusResponse, arenaBytes: number, tables: number): BytesByName {
  return new Map([
    ['linear memory: weights, activations, counters', arenaBytes],
    ['tables and stack of wasm3', tables],
    ['compiled code and the rest', status.heapHighWaterBytes - arenaBytes - tables],
  ]);
}

/**
 * Runs a node with the accelerated kernel in QEMU through two rounds of a model — evaluate, train, encode,
 * upload, install — and reads its high-water marks. Throws if a tool is missing.
 */
export async function measureNode(
  model: MeasuredModel,
  imageName: NodeImage = 'linnet-node',
): Promise<NodeBytes> {
  const build = await buildFirmware('qemu-mps2-m4');
  if (!build.available) throw new Error(build.reason);
  const kernelWasm = loadKernelBytes('accelerated');
  const { arenaBytes, parameters } = await planInV8(kernelWasm, model);
  const status = await runNode(model, kernelWasm, join(build.folder, `${imageName}.elf`));
  const heap = splitHeap(status, arenaBytes, await measureTables(kernelWasm));
  const image = readImage(join(build.folder, `${imageName}.map`));
  return {
    image,
    stackUsed: status.stackHighWaterBytes,
    heap,
    ramBytes: sumBytes(image.ram) + status.stackHighWaterBytes + status.heapHighWaterBytes,
    flashBytes: sumBytes(image.flash),
    store: new Map([
      ['kernel.wasm', kernelWasm.length],
      ['descriptor', model.descriptor.length],
      ['parameters of one version', 2 * parameters],
    ]),
  };
}
