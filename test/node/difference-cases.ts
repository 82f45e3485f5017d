import { describe, expect, it } from 'vitest';
import { codec, status, task } from '../../host/contract/contract.gen.js';
import type { Announcement, Difference, Plan } from '../../host/contract/contract.gen.js';
import { idOf, sha256, toHex } from '../../host/contract/hash.js';
import { packResponse, unpackRequest } from '../../host/contract/pack.js';
import { packSnapshot } from '../../host/model/snapshot.js';
import { decodePayload, encodePayload } from '../oracle/codec.js';
import { readModel } from '../oracle/descriptor.js';
import type { Cable, OpenCable } from './cable.js';
import * as fixture from './fixture.js';
import type { ScriptedHost } from './scripted-host.js';

const model = readModel(fixture.descriptor);
const trains: Partial<Plan> = { task: task.TRAIN, samples: 5, epochs: 1 };

/** Version 1 as a difference from the snapshot of version 0. */
interface Renewal {
  readonly announcement: Announcement;
  readonly payload: Uint8Array;
  readonly words: Int16Array;
}

interface Wishes {
  readonly id?: number;
  readonly frozenLayers?: number;
  readonly delta?: Int16Array;
  readonly base?: Int16Array;
  /** Of the announced difference, which is then not as it should be. */
  readonly changes?: Partial<Difference>;
}

const smallDelta = Int16Array.from({ length: model.parameters }, (_, i) =>
  i % 7 === 0 ? 0 : ((i * 2654435761) >>> 21) - 1024,
);

function renewal(wishes: Wishes = {}): Renewal {
  const { id = codec.DENSE_3, frozenLayers = 0, delta = smallDelta, changes = {} } = wishes;
  const { base = fixture.wordsOf(0) } = wishes;
  const payload = encodePayload(model, frozenLayers, id, 1234, delta)!;
  const words = base.slice();
  for (const { start, words: deltas } of decodePayload(model, frozenLayers, id, payload).slices)
    deltas.forEach((d, i) => {
      words[start + i] = Math.max(-32768, Math.min(32767, words[start + i] + d));
    });
  const difference = {
    base: idOf(sha256(packSnapshot(fixture.descriptorHash, base))),
    codec: id,
    hash: sha256(payload),
    bytes: payload.length,
    ...changes,
  };
  const artefactHash = sha256(packSnapshot(fixture.descriptorHash, words));
  const plan = { ...trains, frozenLayers };
  const announcement = fixture.announcementOf(1, plan, { artefactHash, difference });
  return { announcement, payload, words };
}

/** Bytes of an object that the node was given. */
function bytesFetched(host: ScriptedHost, hash: Uint8Array): number {
  return host
    .distinct('OBJECT')
    .map(({ body }) => unpackRequest('OBJECT', body))
    .filter((request) => toHex(request.hash) === toHex(hash))
    .reduce((sum, { length }) => sum + length, 0);
}

/** Serves everything, and runs version 0 before. */
async function withBase(cable: Cable, { payload, words }: Renewal): Promise<void> {
  cable.host.serve(payload, packSnapshot(fixture.descriptorHash, words));
  await cable.runRound(fixture.announcementOf(0, trains));
}

async function expectRound(cable: Cable, { announcement, words }: Renewal): Promise<void> {
  const upload = await cable.runRound(announcement);
  const expected = cable.expected(announcement, cable.name, fixture.kernelHash, { words });
  expect(toHex(upload)).toBe(toHex(expected));
}

/** Which of the two ways it took. */
function expectWay({ host }: Cable, { announcement, payload }: Renewal, way: 'coded' | 'whole') {
  const { artefactHash, artefactBytes, difference } = announcement;
  expect(bytesFetched(host, artefactHash)).toBe(way === 'coded' ? 0 : artefactBytes);
  if (way === 'coded') expect(bytesFetched(host, difference!.hash)).toBe(payload.length);
}

/** SPEC 7.3: a snapshot from the one before. */
export function describeDifferences(open: OpenCable): void {
  describe('a difference', () => {
    it.each<[string, Wishes]>([
      ['of three bits', {}],
      ['of eight bits', { id: codec.DENSE_8 }],
      ['that is exact', { id: codec.RICE_INT16 }],
      ['of large words', { id: codec.RICE_INT16, delta: smallDelta.map((d) => 31 * d) }],
      ['of which a part is zeros', { delta: smallDelta.map((d, i) => (i < 600 ? 0 : d)) }],
      ['that passes over the first layer', { frozenLayers: 0b01 }],
      ['that passes over the last layer', { frozenLayers: 0b10 }],
    ])('%s gives the snapshot', async (_, wishes) => {
      const cable = open();
      const way = renewal(wishes);
      await withBase(cable, way);
      await expectRound(cable, way);
      expectWay(cable, way, 'coded');
    });

    it('saturates words', async () => {
      const cable = open();
      const base = fixture.wordsOf(0).map((_, i) => (i % 2 === 0 ? 32767 - i : -32768 + i));
      const snapshot = packSnapshot(fixture.descriptorHash, base);
      const delta = smallDelta.map((d) => 20 * d);
      const way = renewal({ id: codec.RICE_INT16, base, delta });
      expect(way.words.filter((word) => word === 32767 || word === -32768).length).toBeGreaterThan(
        9,
      );
      cable.host.serve(snapshot);
      await withBase(cable, way);
      await cable.runRound(fixture.announcementOf(0, trains, { artefactHash: sha256(snapshot) }));
      await expectRound(cable, way);
      expectWay(cable, way, 'coded');
    });

    it('is followed after a loss of power, in small frames, and late', async () => {
      const cable = open({
        prepare: (host) => {
          host.hello = { ...host.hello, maxPayload: 128 };
        },
      });
      const way = renewal({ id: codec.RICE_INT16 });
      await withBase(cable, way);
      await cable.powerCycle();
      const hash = toHex(way.announcement.difference!.hash);
      let refusals = 0;
      cable.host.intercept = ({ name, body }) => {
        const isIt = name === 'OBJECT' && toHex(unpackRequest('OBJECT', body).hash) === hash;
        if (!isIt || unpackRequest('OBJECT', body).offset === 0 || refusals === 2) return undefined;
        refusals++;
        return packResponse('OBJECT', status.ERR_LATER);
      };
      await expectRound(cable, way);
      expect(refusals).toBe(2);
      expect(bytesFetched(cable.host, way.announcement.artefactHash)).toBe(0);
    });

    it('leads to the next one', async () => {
      const cable = open();
      const first = renewal();
      const second = renewal({ base: first.words, id: codec.RICE_INT16 });
      cable.host.serve(second.payload);
      await withBase(cable, first);
      await expectRound(cable, first);
      const announcement = { ...second.announcement, version: 2, parent: 1 };
      await expectRound(cable, { ...second, announcement });
      expectWay(cable, second, 'coded');
    });

    it('is of no use without its base', async () => {
      const cable = open();
      const way = renewal();
      cable.host.serve(way.payload, packSnapshot(fixture.descriptorHash, way.words));
      await expectRound(cable, way);
      expectWay(cable, way, 'whole');
    });

    const other = fixture.snapshotOf(2);
    it.each<[string, Partial<Difference>]>([
      ['from another base', { base: idOf(sha256(other)) }],
      ['of an unknown codec', { codec: 200 }],
      ['of the codec RAW_INT16', { codec: codec.RAW_INT16 }],
      ['of the codec NONE', { codec: codec.NONE }],
      ['of another codec than it has', { codec: codec.DENSE_2 }],
      ['without bytes', { bytes: 0 }],
      ['as long as a snapshot', { bytes: other.length }],
      ['of a length no node can count', { bytes: 2 ** 40 }],
      ['that nobody has', { hash: new Uint8Array(32) }],
      ['that is shorter', { bytes: 600 }],
    ])('%s is not followed, or in vain: the snapshot comes whole', async (_, changes) => {
      const cable = open();
      const way = renewal({ changes });
      await withBase(cable, way);
      await expectRound(cable, way);
      expectWay(cable, way, 'whole');
    });

    it.each<[string, (payload: Uint8Array) => Uint8Array]>([
      ['has other bits', (payload) => payload.map((byte, i) => (i === 9 ? byte ^ 4 : byte))],
      ['is none', (payload) => payload.map((_, i) => 255 - (i & 1))],
      ['lacks its end', (payload) => payload.slice(0, -1)],
      ['has a byte too many', (payload) => Uint8Array.of(...payload, 0)],
      ['has many bytes too many', (payload) => Uint8Array.of(...payload, ...new Uint8Array(200))],
    ])('that %s gives way to the snapshot, once and for all', async (_, spoil) => {
      const cable = open();
      const way = renewal();
      const spoilt = spoil(way.payload);
      const difference = {
        ...way.announcement.difference!,
        hash: sha256(spoilt),
        bytes: spoilt.length,
      };
      cable.host.serve(spoilt);
      await withBase(cable, way);
      const announcement = { ...way.announcement, difference };
      await expectRound(cable, { ...way, announcement });
      expectWay(cable, way, 'whole');
      expect(bytesFetched(cable.host, difference.hash)).toBeLessThanOrEqual(spoilt.length);
      expect(cable.host.logs).toEqual([]);
    });

    it('that stays away is waited for no longer than the host says', async () => {
      const cable = open();
      const way = renewal();
      await withBase(cable, way);
      cable.host.objects.delete(toHex(sha256(way.payload)));
      await expectRound(cable, way);
      expectWay(cable, way, 'whole');
      expect((await cable.host.request('STATUS', {})).body!.lastError).toBe(status.ERR_NOT_FOUND);
    });
  });
}
