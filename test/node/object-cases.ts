import { describe, expect, it } from 'vitest';
import { status, task } from '../../host/contract/contract.gen.js';
import { equalBytes, sha256 } from '../../host/contract/hash.js';
import { packResponse, unpackRequest } from '../../host/contract/pack.js';
import { selectSamples, type Dataset } from '../../host/data/dataset.js';
import { packSnapshot } from '../../host/model/snapshot.js';
import type { Cable, OpenCable } from './cable.js';
import * as fixture from './fixture.js';
import { shortTiming, type Implementation } from './implementations.js';
import type { Arrival, Interception, ScriptedHost } from './scripted-host.js';

const announcement = fixture.announcementOf(0);

function isFetchOf(arrival: Arrival, bytes: Uint8Array): boolean {
  if (arrival.name !== 'OBJECT') return false;
  return equalBytes(unpackRequest('OBJECT', arrival.body).hash, sha256(bytes));
}

/** Lies about the first byte of an object as long as `lies` says so. */
function spoil(host: ScriptedHost, object: Uint8Array, lies: () => boolean): void {
  host.intercept = (arrival: Arrival): Interception => {
    if (!isFetchOf(arrival, object) || !lies()) return undefined;
    const answer = host.answer(arrival);
    const { offset } = unpackRequest('OBJECT', arrival.body);
    if (offset === 0) answer[6] ^= 1;
    return answer;
  };
}

function emptyOf(part: 0 | 1): Dataset {
  const kept = [...fixture.dataset.split.keys()].filter((n) => fixture.dataset.split[n] !== part);
  return selectSamples(fixture.dataset, kept);
}

async function expectFailure(cable: Cable, code: number): Promise<void> {
  await cable.untilState('FAILED');
  const { body } = await cable.host.request('STATUS', {});
  expect(body!.lastError).toBe(code);
}

/** SPEC 7.3 to 7.5: objects that come late, wrong or useless, and samples that do not fit. */
export function describeObjects(implementation: Implementation, open: OpenCable): void {
  const { timing } = implementation;
  const isShort = timing === shortTiming;

  describe('objects', () => {
    const refusals: [string, number][] = [['not here yet', status.ERR_LATER]];
    if (isShort) refusals.push(['not found', status.ERR_NOT_FOUND]);
    it.each(refusals)('that are %s are asked for again', async (_, refusal) => {
      const cable = open();
      const { host } = cable;
      host.intercept = (arrival) =>
        isFetchOf(arrival, fixture.kernelBytes) && host.count('OBJECT') <= 2
          ? packResponse('OBJECT', refusal)
          : undefined;
      const started = performance.now();
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
      const pauseMs = refusal === status.ERR_LATER ? timing.laterMs : timing.refusedMs;
      expect(performance.now() - started).toBeGreaterThan(1.5 * pauseMs);
      expect((await host.request('STATUS', {})).body!.lastError).toBe(refusal);
    });

    it('that came wrong once are fetched again', async () => {
      const cable = open();
      let fetches = 0;
      spoil(cable.host, fixture.descriptor, () => ++fetches === 1);
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });

    it('that are shorter than announced are fetched again', async () => {
      const cable = open();
      const { host } = cable;
      let cuts = 0;
      host.intercept = (arrival) => {
        if (!isFetchOf(arrival, fixture.snapshotOf(0)) || cuts === 1) return undefined;
        const { offset } = unpackRequest('OBJECT', arrival.body);
        if (offset === 0) return undefined;
        cuts++;
        return packResponse('OBJECT', status.OK, { offset, data: new Uint8Array() });
      };
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });

    it('of which more comes than was asked for are fetched again', async () => {
      const cable = open({
        prepare: (host) => {
          host.hello = { ...host.hello, maxPayload: 128 };
        },
      });
      const { host } = cable;
      let isFirst = true;
      host.intercept = (arrival) => {
        if (!isFetchOf(arrival, fixture.snapshotOf(0)) || !isFirst) return undefined;
        isFirst = false;
        const data = fixture.snapshotOf(0).slice(0, 500);
        const { length } = unpackRequest('OBJECT', arrival.body);
        expect(length).toBe(118);
        return packResponse('OBJECT', status.OK, { offset: 0, data });
      };
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
      const offsets = host
        .distinct('OBJECT')
        .filter((arrival) => isFetchOf(arrival, fixture.snapshotOf(0)))
        .map(({ body }) => unpackRequest('OBJECT', body).offset);
      expect(offsets.slice(0, 3)).toEqual([0, 0, 118]);
    });

    it('that stay wrong end the work, until it is announced again', async () => {
      const cable = open();
      spoil(cable.host, fixture.snapshotOf(0), () => true);
      await cable.host.announce(announcement);
      await expectFailure(cable, status.ERR_HASH);
      cable.host.intercept = () => undefined;
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });

    it.each<[string, number, (host: ScriptedHost) => Parameters<typeof fixture.announcementOf>[2]]>(
      [
        [
          'a kernel that is no wasm',
          status.ERR_ENGINE,
          (host) => {
            const bytes = new TextEncoder().encode('not wasm');
            host.serve(bytes);
            return { kernels: [{ hash: sha256(bytes), bytes: bytes.length, intrinsicSet: 0 }] };
          },
        ],
        [
          'a descriptor that is none',
          status.ERR_DESCRIPTOR,
          (host) => {
            const bytes = fixture.descriptor.slice();
            bytes[0] ^= 1;
            host.serve(bytes);
            return { descriptorHash: sha256(bytes) };
          },
        ],
        [
          'a snapshot that is none',
          status.ERR_DATA,
          (host) => {
            const bytes = fixture.snapshotOf(0);
            bytes[3] ^= 1;
            host.serve(bytes);
            return { artefactHash: sha256(bytes) };
          },
        ],
        [
          'a snapshot of another format',
          status.ERR_VERSION,
          (host) => {
            const bytes = fixture.snapshotOf(0);
            bytes[4] = 9;
            host.serve(bytes);
            return { artefactHash: sha256(bytes) };
          },
        ],
        [
          'a snapshot of another model',
          status.ERR_DATA,
          (host) => {
            const bytes = packSnapshot(new Uint8Array(32), fixture.wordsOf(0));
            host.serve(bytes);
            return { artefactHash: sha256(bytes) };
          },
        ],
        [
          'a snapshot with too few words',
          status.ERR_SHAPE,
          (host) => {
            const bytes = packSnapshot(fixture.descriptorHash, new Int16Array(3));
            host.serve(bytes);
            return { artefactHash: sha256(bytes), artefactBytes: bytes.length };
          },
        ],
      ],
    )('that cannot be used end the work: %s', async (_, code, change) => {
      const cable = open();
      await cable.host.announce(fixture.announcementOf(0, {}, change(cable.host)));
      await expectFailure(cable, code);
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });
  });

  describe('samples', () => {
    it('that are lacking end a training', async () => {
      const cable = open({ dataset: emptyOf(0) });
      await cable.host.announce(announcement);
      await expectFailure(cable, status.ERR_NO_SAMPLES);
    });

    it('that are lacking end an evaluation', async () => {
      const cable = open({ dataset: emptyOf(1) });
      await cable.host.announce(fixture.announcementOf(0, { task: task.EVALUATE }));
      await expectFailure(cable, status.ERR_NO_SAMPLES);
    });

    it('to test on are not needed to train', async () => {
      const cable = open({ dataset: emptyOf(1) });
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });

    it('of another shape end the work', async () => {
      const { x } = fixture.dataset;
      const half = { ...fixture.dataset, channels: 6, x: x.slice(0, x.length / 2) };
      const cable = open({ dataset: half });
      await cable.host.announce(announcement);
      await expectFailure(cable, status.ERR_SHAPE);
    });

    it('of a class the model does not have end the work', async () => {
      const label = fixture.dataset.label.map((value) => value + 1);
      const classNames = ['a', 'b', 'c', 'd'];
      const cable = open({ dataset: { ...fixture.dataset, label, classNames } });
      await cable.host.announce(announcement);
      await expectFailure(cable, status.ERR_LABEL);
    });

    it('are read channels-last, whatever the file', async () => {
      const dataset = { ...fixture.dataset, channels: 3, steps: 4 };
      const cable = open({ dataset });
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });
  });
}
