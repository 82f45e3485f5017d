import {
  codec,
  decay,
  nodeState,
  receipt,
  task,
  version,
  type StatusResponse,
} from '../host/contract/contract.gen.js';
import { idOf, sha256, toHex } from '../host/contract/hash.js';
import { encodeWire } from '../host/contract/wire.js';
import { Device, type SampleServer } from '../host/device/device.js';
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
  /** Parameters of version 0; every version has them, because only the memory matters. */
  readonly words: Int16Array;
  readonly samples: SampleServer;
}

class RoundHost {
  readonly samples: SampleServer;
  readonly node = 'measured';
  readonly uploads: Uint8Array[] = [];
  readonly complaints: string[] = [];
  private readonly objects = new Map<string, Uint8Array>();
  private greet: () => void = () => undefined;
  readonly greeted = new Promise<void>((resolve) => (this.greet = resolve));

  constructor(round: Round, snapshot: Uint8Array) {
    this.samples = round.samples;
    for (const object of [round.kernelWasm, round.descriptor, snapshot]) {
      this.objects.set(toHex(sha256(object)), object);
    }
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

function announce(round: Round, snapshot: Uint8Array, modelVersion: number): Uint8Array {
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
    },
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

/**
 * Lets the node behind a link fetch kernel and model, evaluate, train, upload and install the next
 * version, twice. Returns the STATUS at the end: its marks are the most that was ever used.
 */
export async function runRounds(link: Link, round: Round): Promise<StatusResponse> {
  const snapshot = packSnapshot(sha256(round.descriptor), round.words);
  const host = new RoundHost(round, snapshot);
  const device = new Device(link, host);
  try {
    await host.greeted;
    for (const modelVersion of [0, 1]) {
      await device.announce(announce(round, snapshot, modelVersion));
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
    return await waitUntil(device, host, 'the end', ({ state }) => state === nodeState.IDLE);
  } finally {
    await device.close();
  }
}
