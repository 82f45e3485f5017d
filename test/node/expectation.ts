/**
 * The envelope a node must send, from the specification alone: the oracle trains, and a CBOR writer
 * of its own puts it in order. Nothing of the node, the kernel or host/contract/wire takes part.
 */
import { createHash, createHmac } from 'node:crypto';
import { codec, constant, task } from '../../host/contract/contract.gen.js';
import type { Announcement } from '../../host/contract/contract.gen.js';
import type { Dataset } from '../../host/data/dataset.js';
import { OracleMachine } from '../oracle/machine.js';
import { generousMemoryBytes } from '../oracle/memory.js';
import { readModel } from '../oracle/descriptor.js';
import { encodeAnnouncement } from './fixture.js';
import type { Settings } from '../vectors/script.js';

type Cbor = number | string | Uint8Array | readonly Cbor[] | ReadonlyMap<number, Cbor>;

function head(major: number, value: number): number[] {
  if (value < 24) return [(major << 5) | value];
  const size = value < 2 ** 8 ? 1 : value < 2 ** 16 ? 2 : value < 2 ** 32 ? 4 : 8;
  const bytes = Array.from({ length: size }, (_, i) =>
    Number((BigInt(value) >> BigInt(8 * (size - 1 - i))) & 0xffn),
  );
  return [(major << 5) | (24 + Math.log2(size)), ...bytes];
}

function writeCbor(value: Cbor): number[] {
  if (typeof value === 'number') return head(0, value);
  if (typeof value === 'string') {
    const text = new TextEncoder().encode(value);
    return [...head(3, text.length), ...text];
  }
  if (value instanceof Uint8Array) return [...head(2, value.length), ...value];
  if (value instanceof Map) {
    const keys = [...(value as Map<number, Cbor>).keys()].sort((a, b) => a - b);
    return [
      ...head(5, keys.length),
      ...keys.flatMap((k) => [...head(0, k), ...writeCbor(value.get(k) as Cbor)]),
    ];
  }
  const list = value as readonly Cbor[];
  return [...head(4, list.length), ...list.flatMap(writeCbor)];
}

function nodeKeyOf(node: string): number {
  return createHash('sha256').update(node).digest().readUInt32LE(0);
}

function rowsOf(dataset: Dataset, part: number): number[] {
  return [...dataset.split.keys()].filter((n) => dataset.split[n] === part);
}

function inputsOf(dataset: Dataset, row: number): Int8Array {
  const length = dataset.steps * dataset.channels;
  return dataset.x.slice(row * length, (row + 1) * length);
}

function countersOf(machine: OracleMachine, isTraining: boolean): ReadonlyMap<number, Cbor> {
  const { samples, loss, skipped, confusion } = machine.counters();
  const saturations = machine.saturations();
  const { classes } = machine.model;
  const matrix = new Array<number>(classes * classes).fill(0);
  for (const [label, predicted, count] of confusion) matrix[label * classes + predicted] = count;
  const correct = matrix.reduce((sum, n, i) => (i % (classes + 1) === 0 ? sum + n : sum), 0);
  return new Map<number, Cbor>([
    [1, samples],
    [2, loss],
    [3, skipped],
    [4, saturations],
    isTraining ? [6, correct] : [5, matrix],
  ]);
}

/** What a node is given. */
export interface Task {
  readonly announcement: Announcement;
  readonly node: string;
  readonly descriptor: Uint8Array;
  readonly words: Int16Array;
  readonly dataset: Dataset;
  readonly kernelHash: Uint8Array;
  /** Of the node. */
  readonly key?: Uint8Array;
  /** Becomes what stays on the node: what SPARSE_TERNARY leaves out, words of personal layers; zeros if absent. */
  readonly residual?: Int16Array;
  /** What the node has of its own, and of which layers. */
  readonly own?: { readonly words: Int16Array; readonly layers: number };
}

function loadedMachine({ announcement, descriptor, words }: Task): OracleMachine {
  const machine = new OracleMachine();
  const { frozenLayers } = announcement.plan;
  machine.plan(descriptor, generousMemoryBytes(readModel(descriptor)), frozenLayers);
  for (let offset = 0; offset < words.length; offset += constant.IO_WORDS) {
    machine.load(offset, words.slice(offset, offset + constant.IO_WORDS));
  }
  return machine;
}

function settingsOf({ announcement, node }: Task, totalSteps: number): Settings {
  const { plan } = announcement;
  return {
    federationSeed: plan.seed,
    baseVersion: announcement.version,
    nodeKey: nodeKeyOf(node),
    lrShift: plan.lrShift,
    lrDecay: plan.lrDecay,
    totalSteps,
    skipThreshold: plan.skipThreshold,
    proximalShift: plan.proximalShift ?? 0,
    personalLayers: plan.personalLayers ?? 0,
    ...(plan.classWeights && { classWeights: [...new Int8Array(plan.classWeights)] }),
  };
}

/** An autoencoder has one class. */
function labelOf(machine: OracleMachine, dataset: Dataset, row: number): number {
  return machine.model.classes === 1 ? 0 : dataset.label[row];
}

function evaluateAll(machine: OracleMachine, { dataset }: Task): ReadonlyMap<number, Cbor> {
  for (const row of rowsOf(dataset, 1)) {
    machine.evaluate(inputsOf(dataset, row), labelOf(machine, dataset, row));
  }
  return countersOf(machine, false);
}

function trainAll(machine: OracleMachine, given: Task, epochs: number, m: number): void {
  const { announcement, dataset, words } = given;
  const isPulled = (announcement.plan.proximalShift ?? 0) > 0;
  const rows = rowsOf(dataset, 0);
  for (let t = 0; t < epochs * m; t++) {
    const within = machine.order(1 + Math.floor(t / m), m, t % m);
    const row = rows[machine.order(0, rows.length, within)];
    machine.train(inputsOf(dataset, row), labelOf(machine, dataset, row));
    if (isPulled && (t + 1) % constant.PROXIMAL_INTERVAL === 0) machine.pullAll(words);
  }
}

function sparsePayloadOf(machine: OracleMachine, { announcement, words, residual }: Task) {
  const before = residual ?? new Int16Array(words.length);
  const sparse = { residual: before, density: announcement.plan.density! };
  const coded = machine.encodeSparse(words, sparse);
  if (typeof coded === 'number') throw new Error(`the oracle answers ${coded}`);
  before.set(coded.residual);
  return coded.payload;
}

/** SPEC 9. */
function payloadOf(machine: OracleMachine, given: Task): Uint8Array {
  const { words: base } = given;
  const { codec: id } = given.announcement.plan;
  if (id === codec.NONE) return new Uint8Array();
  if (id === codec.SPARSE_TERNARY) return sparsePayloadOf(machine, given);
  if (id !== codec.RAW_INT16) return machine.encode(id, base) as Uint8Array;
  const delta = machine.delta(base);
  const payload = Buffer.alloc(2 * delta.length);
  delta.forEach((word, i) => payload.writeInt16LE(word, 2 * i));
  return new Uint8Array(payload);
}

/** SPEC 8.2: HKDF of RFC 5869 with one block. */
function keyIn(nodeKey: Uint8Array, federation: string, node: string): Buffer {
  const extracted = createHmac('sha256', new Uint8Array(32)).update(nodeKey).digest();
  return createHmac('sha256', extracted).update(`linnet-1 ${federation}\0${node}\x01`).digest();
}

/** SPEC 8.2: the tag of an announcement for a node, zeros without a key. */
export function tagOf(
  nodeKey: Uint8Array | undefined,
  node: string,
  announcement: Announcement,
): Uint8Array {
  if (!nodeKey) return new Uint8Array(16);
  const digest = createHash('sha256').update(encodeAnnouncement(announcement)).digest();
  const key = keyIn(nodeKey, announcement.federation, node);
  const mac = createHmac('sha256', key)
    .update(Uint8Array.of(2, ...digest))
    .digest();
  return new Uint8Array(mac.subarray(0, 16));
}

/** A receipt, which ends with 16 bytes of no meaning, with its tag. */
export function sealReceipt(
  nodeKey: Uint8Array,
  node: string,
  { federation, descriptorHash }: Announcement,
  receipt: Uint8Array,
): Uint8Array {
  const covered = receipt.slice(0, -16);
  const mac = createHmac('sha256', keyIn(nodeKey, federation, node))
    .update(Uint8Array.of(3, ...descriptorHash, ...covered))
    .digest();
  return Uint8Array.of(...covered, ...mac.subarray(0, 16));
}

/** SPEC 7, steps 4 to 6. */
export function expectedEnvelope(given: Task): Uint8Array {
  const { announcement, dataset, kernelHash } = given;
  const { plan } = announcement;
  const trains = plan.task !== task.EVALUATE;
  const hasTests = rowsOf(dataset, 1).length > 0;
  const available = trains ? rowsOf(dataset, 0).length : 0;
  const m = plan.samples === 0 ? available : Math.min(available, plan.samples);
  const envelope = new Map<number, Cbor>([
    [1, 2],
    [2, announcement.epoch],
    [4, announcement.version],
    [5, announcement.artefactHash.slice(0, 8)],
    [7, 0],
    [9, announcement.kernels.findIndex(({ hash }) => Buffer.compare(hash, kernelHash) === 0)],
    [10, m],
    [13, trains ? plan.codec : codec.NONE],
    [14, new Uint8Array()],
  ]);
  const machine = loadedMachine(given);
  machine.begin(settingsOf(given, plan.epochs * m));
  if (plan.task !== task.TRAIN && hasTests) {
    envelope.set(12, evaluateAll(machine, given));
    machine.begin(settingsOf(given, plan.epochs * m));
  }
  if (trains) {
    if (given.own) machine.personaliseAll(given.own.words, given.own.layers);
    trainAll(machine, given, plan.epochs, m);
    envelope.set(11, countersOf(machine, true));
    if (plan.task === task.PERSONALISE && hasTests) {
      machine.begin(settingsOf(given, plan.epochs * m));
      envelope.set(8, evaluateAll(machine, given));
    }
    envelope.set(14, payloadOf(machine, given));
    if (plan.personalLayers) given.residual?.set(machine.keepAll(given.residual));
  }
  if (!given.key) return Uint8Array.from(writeCbor(envelope));
  envelope.set(15, new Uint8Array(16));
  const covered = Uint8Array.from(writeCbor(envelope)).slice(0, -16);
  const key = keyIn(given.key, announcement.federation, given.node);
  const mac = createHmac('sha256', key)
    .update(Uint8Array.of(1, ...announcement.descriptorHash, ...covered))
    .digest();
  return Uint8Array.of(...covered, ...mac.subarray(0, 16));
}
