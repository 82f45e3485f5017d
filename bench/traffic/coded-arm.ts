/** Linnet with its codecs on both ways, and the bytes they take. */
import { constant, type Plan } from '../../host/contract/contract.gen.js';
import { publishRound } from '../../host/federated/downlink.js';
import { parseStrategy } from '../../host/federated/strategies/strategies.js';
import type { TrainSettings } from '../../host/kernel/kernel.js';
import { parseDescriptor, type ModelInfo } from '../../host/model/descriptor.js';
import { openKernel, type Problem } from '../accuracy/arm.js';
import { LinnetArm } from '../accuracy/linnet-arm.js';
import type { CodedScheme } from './schemes.js';

/** Of one round: bytes of payloads and of published objects, over all nodes that took part. */
export interface RoundBytes {
  readonly nodes: number;
  readonly up: number;
  readonly down: number;
}

const nothing: RoundBytes = { nodes: 0, up: 0, down: 0 };

/** What a round of float32 FedAvg takes. */
export function floatBytes(parameters: number, nodes: number): RoundBytes {
  return { nodes, up: 4 * parameters * nodes, down: 4 * parameters * nodes };
}

/** Of version 0 a node reads the seed, in the announcement: key and u32. */
const SEED_BYTES = 6;

/** No node asks for it by the name of its base here. */
const noArtefact = new Uint8Array(constant.HASH_BYTES);

/**
 * Codes every delta and publishes every version as an aggregator does. A node that has the version before reads the
 * difference, any other the snapshot, and of version 0 nobody more than the seed of its words.
 */
export class CodedArm extends LinnetArm {
  private scheme!: CodedScheme;
  private rounds = 0;
  private model!: ModelInfo;
  private seed = 0;
  private version = 0;
  /** Of the current version, if it has one. */
  private differenceBytes: number | undefined;
  /** By the key of a node: the newest version it has, and what its uploads left out. */
  private readonly held = new Map<number, number>();
  private readonly residuals = new Map<number, Int16Array>();
  /** Likewise: [P], of which the words of personal layers count. */
  private readonly own = new Map<number, Int16Array>();
  private bytes = nothing;

  /** For a federation of so many rounds. */
  static async openCoded(problem: Problem, scheme: CodedScheme, rounds: number): Promise<CodedArm> {
    const arm = new CodedArm(problem, await openKernel(problem.descriptor));
    arm.scheme = scheme;
    if (scheme.strategy !== undefined) arm.strategy = parseStrategy(scheme.strategy);
    arm.rounds = rounds;
    arm.model = parseDescriptor(problem.descriptor);
    return arm;
  }

  override initialise(seed: number): void {
    super.initialise(seed);
    this.seed = seed;
    this.version = 0;
    this.differenceBytes = undefined;
    this.held.clear();
    this.residuals.clear();
    this.own.clear();
  }

  override contribute(settings: TrainSettings, samples: readonly number[], weight: number): void {
    const { nodeKey } = settings;
    const { codec: uplink, density = 0 } = this.scheme.up;
    this.becomeOwn(nodeKey);
    this.train({ ...settings, personalLayers: this.personalLayers }, samples);
    const residual = this.residuals.get(nodeKey) ?? new Int16Array(this.words.length);
    this.residuals.set(nodeKey, residual);
    const payload = this.kernel.encodeDelta(uplink, this.words, { density, residual });
    const delta = this.kernel.decodeDelta(uplink, payload)!;
    this.keepOwn(nodeKey);
    this.sum = this.strategy.add(this.sum, { weight, delta, staleness: 0 });
    this.bytes = {
      nodes: this.bytes.nodes + 1,
      up: this.bytes.up + payload.length,
      down: this.bytes.down + this.bytesFor(nodeKey),
    };
  }

  private get personalLayers(): number {
    return this.scheme.personalLayers ?? 0;
  }

  /** The model becomes that of a node: the published words, and its own of personal layers. */
  becomeOwn(nodeKey: number): void {
    const own = this.own.get(nodeKey);
    this.kernel.loadParameters(this.words);
    if (own) this.kernel.personalise(own, this.personalLayers);
  }

  private keepOwn(nodeKey: number): void {
    const own = this.own.get(nodeKey) ?? new Int16Array(this.words.length);
    this.kernel.keepPersonal(own, this.personalLayers);
    this.own.set(nodeKey, own);
  }

  /** From the published words, pulled back to them as often as nodes are. */
  private train(settings: TrainSettings, samples: readonly number[]): void {
    const { proximalShift } = this.scheme;
    if (proximalShift === undefined) {
      this.begin(settings);
      return this.proceed(samples);
    }
    this.begin({ ...settings, proximalShift });
    for (let first = 0; first < samples.length; first += constant.PROXIMAL_INTERVAL) {
      const part = samples.slice(first, first + constant.PROXIMAL_INTERVAL);
      this.proceed(part);
      if (part.length === constant.PROXIMAL_INTERVAL) this.kernel.pull(this.words);
    }
  }

  /** What a node reads to have the current version. */
  private bytesFor(nodeKey: number): number {
    const hasBase = this.held.get(nodeKey) === this.version - 1;
    this.held.set(nodeKey, this.version);
    if (this.version === 0) return SEED_BYTES;
    if (hasBase && this.differenceBytes !== undefined) return this.differenceBytes;
    return constant.SNAPSHOT_HEADER_BYTES + 2 * this.words.length;
  }

  override closeRound(): void {
    const { snapshotEvery } = this.scheme;
    const { codec, density } = this.scheme.down;
    this.server = this.strategy.finish(this.server, this.sum);
    this.sum = this.strategy.start(this.words.length);
    const plan = { seed: this.seed, ...(density !== undefined && { density }) } as Plan;
    const isFinal = this.version + 1 === this.rounds;
    const base = { version: this.version, artefact: noArtefact, words: this.words };
    const published = publishRound(this.model, this.server.master, { plan, isFinal }, base, {
      codec,
      snapshotEvery,
    });
    this.version++;
    this.words = published.words;
    this.differenceBytes = published.payload?.length;
    this.kernel.loadParameters(this.words);
  }

  /** Bytes since the last call. */
  takeBytes(): RoundBytes {
    const { bytes } = this;
    this.bytes = nothing;
    return bytes;
  }
}
