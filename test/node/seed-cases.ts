import { describe, expect, it } from 'vitest';
import { codec, task } from '../../host/contract/contract.gen.js';
import type { Announcement, Plan } from '../../host/contract/contract.gen.js';
import { idOf, sha256, toHex } from '../../host/contract/hash.js';
import { unpackRequest } from '../../host/contract/pack.js';
import { packSnapshot } from '../../host/model/snapshot.js';
import { encodePayload } from '../oracle/codec.js';
import { readModel } from '../oracle/descriptor.js';
import { initialParameters } from '../oracle/model.js';
import { allow, answering } from './bad-kernels.js';
import type { Cable, OpenCable } from './cable.js';
import * as fixture from './fixture.js';

const trains: Partial<Plan> = { task: task.TRAIN, samples: 5, epochs: 1 };

/** Versions of the fixture have the initial words of this seed and the next ones. */
const firstSeed = 17;

/** Bytes of the snapshot that the node was given. */
function bytesFetched({ host }: Cable, { artefactHash }: Announcement): number {
  return host
    .distinct('OBJECT')
    .map(({ body }) => unpackRequest('OBJECT', body))
    .filter(({ hash }) => toHex(hash) === toHex(artefactHash))
    .reduce((sum, { length }) => sum + length, 0);
}

async function expectRound(
  cable: Cable,
  announcement: Announcement,
  words = fixture.wordsOf(announcement.version),
  kernelHash = fixture.kernelHash,
): Promise<void> {
  const upload = await cable.runRound(announcement);
  const expected = cable.expected(announcement, cable.name, kernelHash, { words });
  expect(toHex(upload)).toBe(toHex(expected));
  expect(cable.host.logs).toEqual([]);
}

/** SPEC 7.4: a snapshot that the node makes of a seed. */
export function describeSeeds(open: OpenCable): void {
  describe('a seed of the initial words', () => {
    const seeded = (initialSeed: number, plan = trains): Announcement =>
      fixture.announcementOf(0, plan, { initialSeed });

    it.each([0, 1, 2 ** 31, 2 ** 32 - 1])('of %d gives the snapshot', async (initialSeed) => {
      const cable = open();
      const words = initialParameters(readModel(fixture.descriptor), initialSeed);
      const artefactHash = sha256(packSnapshot(fixture.descriptorHash, words));
      const announcement = { ...seeded(initialSeed), artefactHash };
      await expectRound(cable, announcement, words);
      expect(bytesFetched(cable, announcement)).toBe(0);
    });

    it.each([0b01, 0b10])('gives it whatever layers are frozen (%d)', async (frozenLayers) => {
      const cable = open();
      const announcement = seeded(firstSeed, { ...trains, frozenLayers });
      await expectRound(cable, announcement);
      expect(bytesFetched(cable, announcement)).toBe(0);
    });

    it('gives it to a node that has another one, and stays after a loss of power', async () => {
      const cable = open();
      for (const version of [0, 1]) {
        const rest = { initialSeed: firstSeed + version };
        await expectRound(cable, fixture.announcementOf(version, trains, rest));
      }
      await cable.powerCycle();
      const { artefactHash } = fixture.announcementOf(1);
      const announcement = fixture.announcementOf(2, trains, { artefactHash });
      await expectRound(cable, announcement, fixture.wordsOf(1));
      for (const version of [0, 1])
        expect(bytesFetched(cable, fixture.announcementOf(version))).toBe(0);
    });

    it('is not needed by a node that has the snapshot', async () => {
      const cable = open();
      await expectRound(cable, fixture.announcementOf(0, trains));
      await expectRound(cable, { ...seeded(3), version: 1 }, fixture.wordsOf(0));
      expect(bytesFetched(cable, seeded(3))).toBe(seeded(3).artefactBytes);
    });

    it('of other words gives way to the snapshot', async () => {
      const cable = open();
      await expectRound(cable, seeded(firstSeed + 1));
      expect(bytesFetched(cable, seeded(0))).toBe(seeded(0).artefactBytes);
    });

    it.each([
      ['refuses it', -8],
      ['does nothing', 0],
    ])('gives way to the snapshot where the kernel %s', async (_, answer) => {
      const cable = open();
      const kernel = answering('initialise', answer);
      cable.host.serve(kernel);
      const announcement = { ...seeded(firstSeed), kernels: [allow(kernel)] };
      await expectRound(cable, announcement, fixture.wordsOf(0), sha256(kernel));
      expect(bytesFetched(cable, announcement)).toBe(announcement.artefactBytes);
    });

    it('makes nothing of another length', async () => {
      const cable = open();
      const snapshot = fixture.snapshotOf(0, fixture.autoencoder);
      cable.host.serve(snapshot);
      const artefact = { artefactHash: sha256(snapshot), artefactBytes: snapshot.length };
      const announcement = { ...seeded(firstSeed), ...artefact };
      await cable.host.announce(announcement);
      await cable.untilState('FAILED');
      expect(bytesFetched(cable, announcement)).toBe(snapshot.length);
    });

    it('does not count beside a difference', async () => {
      const cable = open();
      const model = readModel(fixture.descriptor);
      const before = fixture.wordsOf(0);
      const delta = fixture.wordsOf(1).map((word, i) => word - before[i]);
      const payload = encodePayload(model, 0, codec.RICE_INT16, 0, delta)!;
      const base = idOf(sha256(fixture.snapshotOf(0)));
      const hash = sha256(payload);
      const difference = { base, codec: codec.RICE_INT16, hash, bytes: payload.length };
      const rest = { difference, initialSeed: firstSeed };
      cable.host.serve(payload, fixture.snapshotOf(1));
      await expectRound(cable, seeded(firstSeed));
      const announcement = fixture.announcementOf(1, trains, rest);
      await expectRound(cable, announcement);
      expect(bytesFetched(cable, announcement)).toBe(0);
    });
  });
}
