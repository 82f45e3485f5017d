import { vectorGroups } from './groups/index.js';
import { buildVectors, saveVectors } from './vector-file.js';

/** `npx tsx test/vectors/generate.ts`: writes every vector file from the oracle. */
for (const [group, drafts] of Object.entries(vectorGroups)) {
  const started = performance.now();
  const file = buildVectors(group, drafts);
  saveVectors(file);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${group}: ${file.cases.length} cases, ${seconds} s`);
}
