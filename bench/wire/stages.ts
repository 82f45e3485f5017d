/** What the parts of an aggregator's work on an upload take by themselves, on the same uploads. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSealed } from '../../host/contract/authentic.js';
import { macKind } from '../../host/contract/contract.gen.js';
import { sha256 } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import { decodePayload } from '../../host/federated/codecs.js';
import { fedAvg } from '../../host/federated/strategies/fed-avg.js';
import { Lineage } from '../../host/federated/lineage.js';
import type { Upload } from '../../host/federated/open-version.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { benchKey, federation, nodeName, planOf, type WireModel } from './models.js';
import { makeEnvelopes, sampleAnnouncement } from './uploads.js';

/** Microseconds of processor time per upload. */
export interface Stages {
  readonly decode: number;
  readonly mac: number;
  readonly add: number;
  readonly commit: number;
}

/** Uploads of a transaction, as the aggregator takes them when it is busy. */
const GROUP = 256;

/** The fastest of five passes: what else the machine does can only add. The first ones let V8 compile. */
function perItem(count: number, work: () => void): number {
  const passes = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  });
  return Math.min(...passes);
}

/** Of the transactions alone, in a store of its own. */
async function measureCommit(
  { descriptor, codec }: WireModel,
  uploads: readonly Upload[],
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-commit-'));
  const { parameters } = parseDescriptor(descriptor);
  const lineage = await Lineage.open({
    folder,
    federation,
    descriptor,
    kernels: [{ bytes: loadKernelBytes(), intrinsicSet: 0 }],
    initialWords: () => new Int16Array(parameters),
    rounds: 1,
    plan: planOf(codec),
    strategy: fedAvg,
  });
  let microseconds = 0;
  for (let at = 0; at < uploads.length; at += GROUP) {
    uploads.slice(at, at + GROUP).forEach((upload) => lineage.stage(upload));
    const before = process.cpuUsage();
    lineage.commit();
    const { user, system } = process.cpuUsage(before);
    microseconds += user + system;
  }
  lineage.close();
  rmSync(folder, { recursive: true, force: true });
  return microseconds / uploads.length;
}

export async function measureStages(wireModel: WireModel): Promise<Stages> {
  const { descriptor, codec, nodes } = wireModel;
  const model = parseDescriptor(descriptor);
  const envelopes = makeEnvelopes(sampleAnnouncement(descriptor, codec), descriptor, nodes);
  const target = new Int16Array(model.parameters);
  const decode = perItem(nodes, () => {
    for (const bytes of envelopes) {
      const { codec: id, payload } = decodeWire('Envelope', bytes);
      decodePayload(model, 0, id, payload, target);
    }
  });
  const delta = decodePayload(model, 0, codec, decodeWire('Envelope', envelopes[0]).payload)!;
  let sum = fedAvg.start(model.parameters);
  const add = perItem(nodes, () => {
    for (let i = 0; i < nodes; i++) sum = fedAvg.add(sum, { weight: 1, delta, staleness: 0 });
  });
  const keys = envelopes.map((_, index) => benchKey(nodeName(index)));
  const mac = perItem(nodes, () =>
    envelopes.forEach((bytes, index) => {
      isSealed(keys[index], macKind.UPLOAD, model.hash, bytes);
      sha256(bytes);
    }),
  );
  const uploads = envelopes.map((bytes, index) => ({
    node: nodeName(index),
    envelope: decodeWire('Envelope', bytes),
    delta,
    hash: sha256(bytes),
    bytes,
  }));
  return { decode, mac, add, commit: await measureCommit(wireModel, uploads) };
}
