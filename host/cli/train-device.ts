/**
 * Training on one device without a broker: this process is the whole federation. It announces one
 * version, serves kernel, model and samples over the link, and takes the upload.
 */
import {
  codec,
  decay,
  nodeState,
  receipt as receiptCode,
  task as taskCode,
  version,
} from '../contract/contract.gen.js';
import type {
  Announcement,
  Envelope,
  HelloRequest,
  Kernel as AllowedKernel,
  Plan,
} from '../contract/contract.gen.js';
import { errorOfStatus, LinnetError } from '../contract/error.js';
import { idOf, sha256, toHex } from '../contract/hash.js';
import { decodeWire, encodeWire } from '../contract/wire.js';
import { selectSamples } from '../data/dataset.js';
import { Device, type DeviceHost } from '../device/device.js';
import { serveDataset } from '../device/dataset-server.js';
import type { CollectedUpload } from '../device/upload-collector.js';
import { checkKernel } from '../kernel/check-kernel.js';
import { openLink } from '../link/open.js';
import { packSnapshot } from '../model/snapshot.js';
import type { Output } from './output.js';
import { percent } from './output.js';
import { kernelsOf, type Task } from './task.js';
import type { TrainRun, TrainSettingsOfCli } from './train.js';
import { startWordsOf, trainFederation, trainNode, trainPlanOf } from './train.js';

const statusPauseMs = 1000;

interface Material {
  readonly objects: ReadonlyMap<string, Uint8Array>;
  readonly announcement: Uint8Array;
  readonly words: Int16Array;
}

/** Kernels as an announcement lists them; each was validated. */
function allowKernels(kernels: readonly Uint8Array[]): Promise<AllowedKernel[]> {
  return Promise.all(
    kernels.map(async (wasm) => {
      const { hash, intrinsicSet } = await checkKernel(wasm);
      return { hash, bytes: wasm.length, intrinsicSet };
    }),
  );
}

function planOf(task: Task, options: TrainSettingsOfCli): Plan {
  const { classWeights, frozenLayers, ...rates } = trainPlanOf(task, options);
  return {
    task: taskCode.TRAIN,
    seed: options.seed,
    lrDecay: decay.STEPS,
    samples: options.samples,
    ...rates,
    ...(classWeights && { classWeights: new Uint8Array(classWeights) }),
    codec: codec.RAW_INT16,
    weightUnit: 1,
    ...(frozenLayers > 0 && { frozenLayers }),
  };
}

/** Everything the device needs, addressed by hash, and the announcement that names it. */
async function prepareMaterial(task: Task, options: TrainSettingsOfCli): Promise<Material> {
  const words = startWordsOf(task, options);
  const kernels = kernelsOf(options.kernel);
  const snapshot = packSnapshot(task.model.hash, words);
  const announcement: Announcement = {
    format: version.WIRE_FORMAT,
    federation: trainFederation,
    epoch: 0,
    version: 0,
    artefactHash: sha256(snapshot),
    artefactBytes: snapshot.length,
    descriptorHash: task.model.hash,
    descriptorBytes: task.descriptor.length,
    numerics: version.NUMERICS,
    kernels: await allowKernels(kernels),
    plan: planOf(task, options),
  };
  const objects = [...kernels, snapshot, task.descriptor].map(
    (object) => [toHex(sha256(object)), object] as const,
  );
  return {
    objects: new Map(objects),
    announcement: encodeWire('Announcement', announcement),
    words,
  };
}

function applyDelta(words: Int16Array, envelope: Envelope): Int16Array {
  if (envelope.payload.length !== 2 * words.length) {
    throw new LinnetError(
      'ERR_MESSAGE',
      `the upload has ${envelope.payload.length} bytes for ${words.length} parameters`,
    );
  }
  const view = new DataView(envelope.payload.buffer, envelope.payload.byteOffset);
  return words.map((word, i) => word + view.getInt16(2 * i, true));
}

function receiptFor(upload: CollectedUpload): Uint8Array {
  return encodeWire('Receipt', {
    code: receiptCode.ACCEPTED,
    version: upload.version,
    contribution: upload.contribution,
    upload: idOf(sha256(upload.bytes)),
    current: upload.version,
  });
}

/** Shows how far the device is until the signal aborts. Throws if the device has failed. */
async function showProgress(device: Device, output: Output, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, statusPauseMs));
    if (signal.aborted || !device.hello) continue;
    const status = await device.status();
    if (status.state === nodeState.FAILED) {
      throw errorOfStatus(status.lastError, 'the device gave up');
    }
    if (status.lastError < 0) output.note(`device reports status ${status.lastError}`);
    if (status.totalSteps > 0) {
      output.note(
        `step ${status.step}/${status.totalSteps} (${percent(status.step / status.totalSteps)})`,
      );
    }
  }
}

/** Trains on the device at `options.port`, or on a board in QEMU. */
export async function trainOnDevice(
  task: Task,
  train: readonly number[],
  options: TrainSettingsOfCli,
  output: Output,
  signal: AbortSignal,
): Promise<TrainRun> {
  const material = await prepareMaterial(task, options);
  const port = options.port ?? 'qemu:mps2-an386';
  const link = await openLink(port, { onLog: (line) => output.log.info(line) });
  let device: Device | undefined;
  const done = new AbortController();
  try {
    const upload = await new Promise<CollectedUpload>((resolve, reject) => {
      const host: DeviceHost = {
        samples: serveDataset(selectSamples(task.dataset, train)),
        node: trainNode,
        findObject: (hash) => material.objects.get(toHex(hash)),
        onHello: (hello: HelloRequest) => {
          output.note(`${port}: ${hello.runtime}, ${hello.engine}`);
          device!.announce(material.announcement).catch(reject);
        },
        onUpload: resolve,
        onLog: (level, text) => output.log.info({ level }, text),
      };
      device = new Device(link, host);
      link.onClose((reason) => reject(new LinnetError('ERR_LINK', `${port}: ${reason}`)));
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      showProgress(device, output, done.signal).catch(reject);
    });
    await device!.sendReceipt(receiptFor(upload));
    return readRun(material, upload, device!);
  } finally {
    done.abort();
    await (device ?? link).close();
  }
}

function readRun(material: Material, upload: CollectedUpload, device: Device): TrainRun {
  const envelope = decodeWire('Envelope', upload.bytes);
  const { kernels } = decodeWire('Announcement', material.announcement);
  const { samples = 0, skipped = 0, saturations = 0 } = envelope.training ?? {};
  return {
    words: applyDelta(material.words, envelope),
    kernel: toHex(idOf(kernels[envelope.kernel].hash)),
    skippedShare: skipped / Math.max(1, samples),
    saturations,
    engine: device.hello?.engine ?? '',
  };
}
