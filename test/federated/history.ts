/** Rounds on a lineage without a broker, and the same in BigInt arithmetic. */
import { sha256 } from '../../host/contract/hash.js';
import type { Lineage } from '../../host/federated/lineage.js';
import { readUpload } from '../../host/federated/lineage.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { simulateEnvelope, smallDescriptor } from './fixture.js';

export const model = parseDescriptor(smallDescriptor);
export const nodes = ['ann', 'ben', 'cleo', 'dan'];

export function contribute(lineage: Lineage, node: string): void {
  const envelope = simulateEnvelope(lineage.head.announcement, node, model.parameters);
  const { version } = lineage.open;
  const row = { version, node, contribution: 0, hash: sha256(envelope), envelope };
  lineage.stage(readUpload(row, model));
}

/** A whole round of these nodes. */
export function contributeAll(lineage: Lineage, cohort: readonly string[]): void {
  for (const node of cohort) contribute(lineage, node);
  lineage.commit();
  lineage.closeVersion(false);
}
