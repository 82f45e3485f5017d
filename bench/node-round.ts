import {
  codec,
  decay,
  nodeState,
  receipt,
  task,
  version,
  type Plan,
  type StatusResponse,
} from '../host/contract/contract.gen.js';
import { idOf, sha256, toHex } from '../host/contract/hash.js';
import { encodeWire } from '../host/contract/wire.js';
import { Device, type SampleServer } from '../host/device/device.js';
import type { Published } from '../host/federated/downlink.js';
import { initialWordsOf } from '../host/kernel/initial-words.js';
import type { Link } from '../host/link/link.js';
import { packSnapshot } from '../host/model/snapshot.js';

const federation = 'measured';
const pollMs = 50;
const limitMs = 60_000;

/** What a node works on. */
export interface Round {
  readonly kernelWasm: Uint8Array;
  /** Intrinsic set it imports; 0 if absent. */
  readonly intrinsicSet?: number;
  readonly descriptor: Uint8Array;
  /** Of the words of the versions that publish no others; version 0 announces it. */
  readonly initialSeed: number;
  readonly samples: SampleServer;
}

/** How a version differs from the one that is usual here. */
export interface Version {
  readonly plan?: Partial<Plan>;
  readonly published?: Published;
  /** The device starts anew before it. */
  readonly restarts?: boolean;
}

class RoundHost {
  readonly samples: SampleServer;
  readonly node = 'measured';
  readonly uploads: Uint8Array[] = [];
  readonly complaints: string[] = [];
  private readonly objects = new Map<string, Uint8Array>();
  private greet: () => void = () => undefined;

  constructor({ samples, kernelWasm, descriptor }: Round) {
    this.samples = samples;
    this.serve(kernelWasm, descriptor);
  }

  serve(...objects: readonly Uint8Array[]): void {
    for (const object of objects) this.objects.set(toHex(sha256(object)), object);
  }

  /** The next HELLO. */
  greeting(): Promise<void> {
    return new Promise((resolve) => (this.greet = resolve));
  }

  findObject(hash: Uint8Array): Uint8Array | undefined {
    return this.objects.get(toHex(hash));
  }

  onHello(): void {
    this.greet();
  }

  onUpload({ bytes }: { bytes: Uint8Array }): void {
    this.uploads.push(bytes);
  }

  onLog(_level: number, text: string): void {
    this.complaints.push(text);
  }
}

function announce(
  round: Round,
  snapshot: Uint8Array,
  modelVersion: number,
  { plan, published }: Version,
): Uint8Array {
  return encodeWire('Announcement', {
    format: version.WIRE_FORMAT,
    federation,
    epoch: 0,
    version: modelVersion,
    ...(modelVersion > 0 && { parent: modelVersion - 1 }),
    artefactHash: sha256(snapshot),
    artefactBytes: snapshot.length,
    descriptorHash: sha256(round.descriptor),
    descriptorBytes: round.descriptor.length,
    numerics: version.NUMERICS,
    kernels: [
      {
        hash: sha256(round.kernelWasm),
        bytes: round.kernelWasm.length,
        intrinsicSet: round.intrinsicSet ?? 0,
      },
    ],
    plan: {
      task: task.BOTH,
      seed: 1,
      lrShift: 5,
      lrDecay: decay.STEPS,
      epochs: 1,
      samples: 0,
      skipThreshold: 0,
      codec: codec.RAW_INT16,
      weightUnit: 1,
      ...plan,
    },
    ...(published?.difference && { difference: published.difference }),
    ...(modelVersion === 0 && !published && { initialSeed: round.initialSeed }),
  });
}

async function waitUntil(
  device: Device,
  host: RoundHost,
  what: string,
  isDone: (status: StatusResponse) => boolean,
): Promise<StatusResponse> {
  for (const started = Date.now(); ;) {
    const status = await device.status();
    if (isDone(status)) return status;
    if (Date.now() - started > limitMs || status.state === nodeState.FAILED) {
      const { state, lastError } = status;
      const said = host.complaints.join('; ');
      throw new Error(`${what}: state ${state}, last error ${lastError}; the node said: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** One version, from its announcement to its receipt. */
async function runRound(
  device: Device,
  host: RoundHost,
  round: Round,
  modelVersion: number,
  one: Version,
): Promise<void> {
  const { words, payload }: Published = one.published ?? {
    words: initialWordsOf(round.descriptor, round.initialSeed),
  };
  const snapshot = packSnapshot(sha256(round.descriptor), words);
  host.serve(snapshot, ...(payload ? [payload] : []));
  if (one.restarts) {
    const greeted = host.greeting();
    await device.reset();
    await greeted;
  }
  await device.announce(announce(round, snapshot, modelVersion, one));
  await waitUntil(
    device,
    host,
    `version ${modelVersion}`,
    () => host.uploads.length > modelVersion,
  );
  const upload = idOf(sha256(host.uploads[modelVersion]));
  await device.sendReceipt(
    encodeWire('Receipt', {
      code: receipt.ACCEPTED,
      version: modelVersion,
      contribution: 0,
      upload,
      current: modelVersion,
    }),
  );
}

/**
 * Runs a node through versions of a model, two if none are given: evaluate, train, encode, upload, install.
 * Closes the link. Resolves to its status at the end: the marks are the most that was ever used.
 */
export async function runRounds(
  link: Link,
  round: Round,
  versions: readonly Version[] = [{}, {}],
): Promise<StatusResponse> {
  const host = new RoundHost(round);
  const greeted = host.greeting();
  const device = new Device(link, host);
  try {
    await greeted;
    for (const [modelVersion, one] of versions.entries())
      await runRound(device, host, round, modelVersion, one);
    return await waitUntil(device, host, 'the end', ({ state }) => state === nodeState.IDLE);
  } finally {
    await device.close();
  }
}
