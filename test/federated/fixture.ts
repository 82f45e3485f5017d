import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codec, decay, task, version } from '../../host/contract/contract.gen.js';
import type { Announcement, Envelope } from '../../host/contract/contract.gen.js';
import { idOf, nodeKeyOf } from '../../host/contract/hash.js';
import { encodeWire } from '../../host/contract/wire.js';
import { fedAvg } from '../../host/federated/strategies/fed-avg.js';
import type { LineageOptions } from '../../host/federated/lineage.js';
import type { PlanSettings } from '../../host/federated/plan.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { buildDescriptor, parseDescriptor } from '../../host/model/descriptor.js';
import { padded } from '../node/padded-kernel.js';

/** 4 inputs, 5 hidden, 3 classes: 43 parameters. */
export const smallDescriptor = describeModel(4, 5);
/** 17,423 parameters: its snapshot takes two slices. */
export const slicedDescriptor = describeModel(130, 130);

function describeModel(inputs: number, hidden: number): Uint8Array {
  return buildDescriptor({
    input: { width: inputs, exponent: -7 },
    layers: [
      { op: 'dense', outputs: hidden, activation: 'relu' },
      { op: 'dense', outputs: 3 },
    ],
    loss: 'softmax-cross-entropy',
  });
}

export const planSettings: PlanSettings = {
  task: task.TRAIN,
  seed: 7,
  lrShift: 6,
  lrSchedule: 'constant',
  lrDecay: decay.CONSTANT,
  epochs: 1,
  samples: 0,
  skipThreshold: 1638,
  weightUnit: 10,
};

/** Two slices long. */
export const kernelBytes = padded(loadKernelBytes(), 40_000);

export function initialWords(descriptor: Uint8Array): Int16Array {
  const { parameters } = parseDescriptor(descriptor);
  return Int16Array.from({ length: parameters }, (_, i) => ((i * 2654435761) >>> 18) - 8192);
}

export function lineageOptions(
  folder: string,
  options: Partial<LineageOptions> = {},
): LineageOptions {
  const { descriptor = smallDescriptor } = options;
  return {
    folder,
    federation: 'test',
    descriptor,
    kernels: [{ bytes: kernelBytes, intrinsicSet: 0 }],
    initialWords: () => initialWords(descriptor),
    rounds: 3,
    plan: planSettings,
    strategy: fedAvg,
    ...options,
  };
}

/** What a node that trained would find, as far as an aggregator can tell: noise of node and version. */
export function simulateDelta(node: string, base: number, parameters: number): Int16Array {
  let state = (nodeKeyOf(node) ^ Math.imul(base + 1, 0x9e3779b1)) >>> 0;
  return Int16Array.from({ length: parameters }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 16) % 2001) - 1000;
  });
}

export function packDelta(delta: Int16Array): Uint8Array {
  const bytes = new Uint8Array(2 * delta.length);
  const view = new DataView(bytes.buffer);
  delta.forEach((word, i) => view.setInt16(2 * i, word, true));
  return bytes;
}

/** Samples of a node, which give weights from 1 to 15 with a unit of 10. */
export function samplesOf(node: string): number {
  return 1 + (nodeKeyOf(node) % 160);
}

/** The upload of a simulated node; `changes` spoils it. */
export function simulateEnvelope(
  announcement: Announcement,
  node: string,
  parameters: number,
  changes: Partial<Envelope> = {},
): Uint8Array {
  const samples = samplesOf(node);
  const loss = samples * 1024;
  return encodeWire('Envelope', {
    format: version.WIRE_FORMAT,
    epoch: announcement.epoch,
    version: announcement.version,
    artefact: idOf(announcement.artefactHash),
    contribution: 0,
    kernel: 0,
    samples,
    training: { samples, loss, skipped: 1, saturations: 0, correct: samples - 1 },
    codec: codec.RAW_INT16,
    payload: packDelta(simulateDelta(node, announcement.version, parameters)),
    ...changes,
  });
}

/** A folder that is gone after `use`. */
export async function withFolder<T>(use: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-store-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
