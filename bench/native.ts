/** Runs the native references (bench/native/) on a Cortex-M4 in QEMU: writes the job of job.h, reads the answer. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { purpose, record } from '../host/contract/contract.gen.js';
import type { TrainSettings } from '../host/kernel/kernel.js';
import type { LayerInfo, ModelInfo } from '../host/model/descriptor.js';
import { mix } from '../test/oracle/random.js';
import { buildFirmware } from '../tools/build-firmware.mjs';
import type { Sample } from './samples.js';

export type NativeType = 'int8' | 'float32';

export interface NativeJob {
  readonly info: ModelInfo;
  /** Parameters to start from. */
  readonly words: Int16Array;
  readonly samples: readonly Sample[];
  readonly inferences: number;
  readonly settings: TrainSettings;
}

export interface NativeAnswer {
  readonly train: readonly number[];
  readonly skipped: readonly boolean[];
  readonly infer: readonly number[];
  readonly classes: readonly number[];
  readonly words: Int16Array;
}

const execute = promisify(execFile);
const timeoutMs = 600_000;

const kinds: Partial<Record<LayerInfo['op'], number>> = {
  dense: record.DENSE,
  conv: record.CONV,
  maxPool: record.MAX_POOL,
  globalAveragePool: record.GLOBAL_AVERAGE_POOL,
};

function layerWords(layer: LayerInfo): number[] {
  const kind = kinds[layer.op];
  if (kind === undefined) throw new Error(`the native references have no ${layer.op}`);
  const isDense = layer.op === 'dense';
  const { pads } = layer;
  return [
    kind,
    Number(layer.activation === 'relu'),
    ...(isDense ? [1, 1, layer.inputs] : layer.inputShape),
    ...layer.outputShape,
    ...(isDense ? [1, 1] : layer.kernel),
    ...layer.stride,
    ...[pads.top, pads.left, pads.bottom, pads.right],
    layer.weightExponent,
  ];
}

/** The bytes of words or of a sample as u32, padded with zeros. */
function toWords(bytes: Int8Array | Int16Array): number[] {
  const padded = new Uint8Array(4 * Math.ceil(bytes.byteLength / 4));
  padded.set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return [...new Uint32Array(padded.buffer)];
}

function encodeJob({ info, words, samples, inferences, settings }: NativeJob): Uint8Array {
  const { federationSeed, baseVersion, nodeKey, lrShift, skipThreshold } = settings;
  const nodeSeed = mix(federationSeed, purpose.NODE, baseVersion, nodeKey);
  const head = [
    info.layers.length,
    info.classes,
    info.input.exponent,
    mix(nodeSeed, purpose.UPDATE),
    lrShift,
    skipThreshold,
    samples.length,
    inferences,
    info.inputs,
    words.length,
  ];
  const body = [...info.layers.flatMap(layerWords), ...toWords(words)];
  const sampled = samples.map(({ x, label }) => Uint32Array.from([label, ...toWords(x)]));
  const parts = [Uint32Array.from([...head, ...body]), ...sampled];
  return Uint8Array.from(Buffer.concat(parts.map((part) => new Uint8Array(part.buffer))));
}

function decodeAnswer({ samples, inferences, words }: NativeJob, bytes: Uint8Array): NativeAnswer {
  const values = new Uint32Array(bytes.slice().buffer);
  let at = 0;
  const next = (count: number): number[] => [...values.subarray(at, (at += count))];
  const train = next(samples.length);
  const skipped = next(samples.length).map((value) => value === 1);
  const infer = next(inferences);
  const classes = next(inferences);
  return {
    train,
    skipped,
    infer,
    classes,
    words: new Int16Array(values.buffer, 4 * at, words.length),
  };
}

/** Runs a job. Throws if a tool is missing or the processor faults. */
export async function runNative(type: NativeType, job: NativeJob): Promise<NativeAnswer> {
  const image = `bench_${type}`;
  const build = await buildFirmware('qemu-mps2-m4', ['bench_int8', 'bench_float32']);
  if (!build.available) throw new Error(build.reason);
  const folder = await mkdtemp(join(tmpdir(), 'linnet-bench-'));
  const args = [
    ...['-M', 'mps2-an386', '-display', 'none', '-monitor', 'none', '-serial', 'none'],
    ...['-semihosting-config', 'enable=on,target=native', '-icount', 'shift=0'],
    ...['-kernel', join(build.folder, `${image}.elf`)],
  ];
  try {
    await writeFile(join(folder, 'job'), encodeJob(job));
    await execute('qemu-system-arm', args, { cwd: folder, timeout: timeoutMs });
    return decodeAnswer(job, new Uint8Array(await readFile(join(folder, 'output'))));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
