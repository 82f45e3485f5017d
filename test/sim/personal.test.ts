/** What layers learn that stay on the nodes never leaves them, and a local fine-tuning changes no word. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codec, task } from '../../host/contract/contract.gen.js';
import type { Envelope } from '../../host/contract/contract.gen.js';
import { toHex } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import { Ledger } from '../../host/federated/ledger.js';
import { replayStore } from '../../host/federated/replay.js';
import { readObject } from '../../host/federated/objects.js';
import { unpackSnapshot } from '../../host/model/snapshot.js';
import { decodePayload } from '../oracle/codec.js';
import { readModel } from '../oracle/descriptor.js';
import { Scene } from '../e2e/scene.js';
import { announcementsIn, rough, runScenario, uploadsIn, type Ran } from './rig.js';

const rounds = 3;
const head = 0b10;
const scenario = `
seed: 7
nodes: 5
rounds: ${rounds}
deal: { people: 5, samplesPerNode: 20, testShare: 0.3 }
plan: { samplesPerRound: 10, fineTune: 2, codec: CODEC, strategy: STRATEGY, personalLayers: head }
`;

/** Late uploads count in every version but the one that is tuned. */
const late = rough
  .replace('cohort: 9', 'cohort: 5')
  .replace('samplesPerNode: 12', 'samplesPerNode: 12, testShare: 0.2')
  .replace(
    'samplesPerRound: 5',
    'samplesPerRound: 5, fineTune: 1, strategy: fed-buff, maxStaleness: 2',
  );

function wordsIn(store: string): Int16Array[] {
  return announcementsIn(store).map((bytes) => {
    const { artefactHash, descriptorHash } = decodeWire('Announcement', bytes);
    return unpackSnapshot(readObject(join(store, 'objects'), artefactHash), descriptorHash);
  });
}

const cases = [
  ['exact', 'fed-avg-m'],
  ['dense-3', 'fed-adam'],
  ['sparse', 'fed-avg'],
] as const;

describe.each(cases)(
  'a federation of personal heads, codec %s, strategy %s',
  (coding, strategy) => {
    let scene: Scene;
    let store: string;
    let run: Ran;
    let uploads: Envelope[];
    let words: Int16Array[];

    beforeAll(async () => {
      scene = new Scene();
      const folder = scene.path('sim');
      store = join(folder, 'store');
      run = await runScenario(
        folder,
        scenario.replace('CODEC', coding).replace('STRATEGY', strategy),
      );
      uploads = uploadsIn(store, rounds + 1).map((line) =>
        decodeWire('Envelope', Buffer.from(line.split(' ')[2], 'hex')),
      );
      words = announcementsIn(store).map((bytes) => {
        const { artefactHash, descriptorHash } = decodeWire('Announcement', bytes);
        return unpackSnapshot(readObject(join(store, 'objects'), artefactHash), descriptorHash);
      });
    });
    afterAll(() => scene.end());

    it('sends words of the other layers alone', () => {
      const ledger = Ledger.openExisting(store, 'read');
      const model = readModel(readObject(join(store, 'objects'), ledger.identity.model));
      ledger.close();
      expect(uploads).toHaveLength(5 * (rounds + 1));
      for (const { version, payload, codec: id } of uploads) {
        if (version === rounds) {
          expect({ id, payload }).toEqual({ id: codec.NONE, payload: new Uint8Array() });
          continue;
        }
        const { isWhole, slices } = decodePayload(model, head, id, payload);
        expect(isWhole).toBe(true);
        expect(slices.some((slice) => slice.words.some((word) => word !== 0))).toBe(true);
      }
      const { weightOffset } = model.layers.at(-1)! as { weightOffset: number };
      for (const later of words.slice(1)) {
        expect(later.subarray(weightOffset)).toEqual(words[0].subarray(weightOffset));
      }
    });

    it('is tuned locally after the last round, which changes no word', () => {
      const plans = announcementsIn(store).map((bytes) => decodeWire('Announcement', bytes).plan);
      expect(plans.map((plan) => plan.task)).toEqual([
        ...new Array<number>(rounds + 1).fill(task.PERSONALISE),
        task.NONE,
      ]);
      expect(plans.map((plan) => plan.personalLayers)).toEqual([
        ...new Array<number>(rounds).fill(head),
        ...[0xffff_ffff, 0xffff_ffff],
      ]);
      expect(words.at(-1)).toEqual(words.at(-2));
      expect(words.at(-2)).not.toEqual(words.at(-3));
      expect([...replayStore(store)].every(({ isEqual }) => isEqual)).toBe(true);
    });

    it('says how the nodes do, before and after: the sum of their confusion matrices', () => {
      const { records } = run;
      expect(records).toHaveLength(rounds + 1);
      records.forEach(({ nodes }, version) => {
        const own = uploads.filter((upload) => upload.version === version);
        const accuracyOf = (name: 'evaluation' | 'personal'): number => {
          const matrices = own.map((upload) => upload[name]!.confusion!);
          const classes = Math.sqrt(matrices[0].length);
          const all = matrices.flat().reduce((sum, count) => sum + count, 0);
          const right = matrices.flatMap((matrix) =>
            matrix.filter((_, i) => i % (classes + 1) === 0),
          );
          return right.reduce((sum, count) => sum + count, 0) / all;
        };
        expect(nodes!.global!['accuracy']).toBeCloseTo(accuracyOf('evaluation'), 12);
        expect(nodes!.personalised!['accuracy']).toBeCloseTo(accuracyOf('personal'), 12);
      });
      // 6 of the 20 samples of each node.
      expect(uploads.every(({ personal }) => personal!.samples === 6)).toBe(true);
      expect(new Set(words.map((each) => toHex(new Uint8Array(each.buffer)))).size).toBe(
        rounds + 1,
      );
    });
  },
);

it('counts no late upload while nodes tune', async () => {
  const scene = new Scene();
  const folder = scene.path('late');
  const { records } = await runScenario(folder, late);
  const store = join(folder, 'store');
  const words = wordsIn(store);
  expect(words.at(-1)).toEqual(words.at(-2));
  const baseOf = (line: string): number =>
    decodeWire('Envelope', Buffer.from(line.split(' ')[2], 'hex')).version;
  const uploads = uploadsIn(store, records.length);
  const isLate = (line: string): boolean => baseOf(line) < Number(line.split(' ')[0]);
  expect(uploads.some(isLate)).toBe(true);
  const tuned = uploads.filter((line) => line.startsWith(`${records.length - 1} `));
  expect(tuned.length).toBeGreaterThan(0);
  expect(tuned.some(isLate)).toBe(false);
  await scene.end();
});
