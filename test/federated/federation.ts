import { join } from 'node:path';
import { toHex, sha256 } from '../../host/contract/hash.js';
import type { AggregatorOptions } from '../../host/federated/server.js';
import { packSnapshot } from '../../host/model/snapshot.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import { waitFor } from '../mqtt/wait.js';
import * as oracle from '../oracle/aggregate.js';
import {
  initialWords,
  kernelBytes,
  planSettings,
  samplesOf,
  simulateDelta,
  smallDescriptor,
} from './fixture.js';

export const cohort = ['ann', 'ben', 'cleo', 'dan'];

export function aggregatorOptions(
  folder: string,
  url: string,
  changes: Partial<AggregatorOptions> = {},
): AggregatorOptions {
  const { descriptor = smallDescriptor } = changes;
  return {
    store: join(folder, 'store'),
    mqtt: { url, reconnectMs: 50 },
    federation: 'test',
    descriptor,
    kernels: [kernelBytes],
    initialWords: () => initialWords(descriptor),
    rounds: 3,
    round: { cohort: cohort.length, quorum: 2 },
    plan: planSettings,
    ...changes,
  };
}

/** Model hashes of versions 0…rounds when every node of the cohort contributes, by BigInt arithmetic. */
export function expectedHashes(rounds: number, descriptor = smallDescriptor): string[] {
  const { parameters, hash } = parseDescriptor(descriptor);
  let master = oracle.masterOf(initialWords(descriptor));
  const hashes: string[] = [];
  for (let base = 0; base <= rounds; base++) {
    hashes.push(toHex(sha256(packSnapshot(hash, oracle.publishedWords(master)))));
    const contributions = cohort.map((node) => ({
      samples: samplesOf(node),
      delta: simulateDelta(node, base, parameters),
    }));
    master = oracle.aggregate(master, contributions, planSettings.weightUnit);
  }
  return hashes;
}

/** Every retained message under the base, by topic. Nothing says which is the last: waits for calm. */
export async function readRetained(
  url: string,
  protocolVersion: 4 | 5,
): Promise<Map<string, Uint8Array>> {
  const session = await connectMqtt({ url, protocolVersion, clientId: 'reader' });
  const found = new Map<string, Uint8Array>();
  let lastMs = Date.now();
  session.onMessage((topic, payload, retained) => {
    lastMs = Date.now();
    if (retained) found.set(topic, payload);
  });
  await session.subscribe('linnet/#');
  await waitFor('calm', () => found.size > 0 && Date.now() - lastMs > 150);
  await session.close();
  return found;
}
