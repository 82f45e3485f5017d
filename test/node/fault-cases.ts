import { describe, expect, it } from 'vitest';
import type { nodeState } from '../../host/contract/contract.gen.js';
import { status, task } from '../../host/contract/contract.gen.js';
import { equalBytes, sha256 } from '../../host/contract/hash.js';
import { packResponse, unpackRequest } from '../../host/contract/pack.js';
import { selectSamples, type Dataset } from '../../host/data/dataset.js';
import { packSnapshot } from '../../host/model/snapshot.js';
import type { Cable, OpenCable } from './cable.js';
import * as fixture from './fixture.js';
import type { Implementation } from './implementations.js';
import type { Arrival, Interception, ScriptedHost } from './scripted-host.js';

const announcement = fixture.announcementOf(0);

/** Loses every n-th message of each direction, in a fixed pattern. */
function loseEvery(host: ScriptedHost, n: number): void {
  let requests = 0;
  host.intercept = () => (++requests % n === 0 ? 'lose' : undefined);
}

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

/** What a node survives, and that none of it changes a byte. */
export function describeFaults(implementation: Implementation, open: OpenCable): void {
  const { timing } = implementation;

  describe('on a bad link', () => {
    it('repeats what was lost, under the same sequence number', async () => {
      const cable = open();
      loseEvery(cable.host, 7);
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
      const bodies = new Map<number, string>();
      for (const { name, body, sequence } of cable.host.arrivals) {
        const content = `${name} ${body.join()}`;
        expect(bodies.get(sequence) ?? content).toBe(content);
        bodies.set(sequence, content);
      }
      expect(bodies.size).toBeLessThan(cable.host.arrivals.length);
    });

    it('takes every message twice', async () => {
      const cable = open({
        prepare: (host) => {
          host.distort = (frame) => Uint8Array.of(...frame, ...frame);
        },
      });
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
      await cable.host.giveReceipt(0, cable.host.uploads[0]);
      await cable.untilState('IDLE');
    });

    it('drops frames with flipped bits and counts them', async () => {
      const cable = open();
      const { host } = cable;
      let frames = 0;
      host.distort = (frame) => {
        if (++frames % 9 !== 0) return frame;
        const broken = frame.slice();
        broken[(frames * 5) % frame.length] ^= 1 << (frames % 8);
        return broken;
      };
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
      host.distort = (frame) => frame;
      expect((await host.request('STATUS', {})).body!.badFrames).toBeGreaterThan(0);
    });

    it('finds its way after noise, cut frames and frames that are too long', async () => {
      const cable = open();
      const { host } = cable;
      await host.until('HELLO', () => host.count('HELLO') > 0);
      const noise = Uint8Array.from({ length: 3000 }, (_, i) => (i * 31 + (i >> 3)) & 0xff);
      host.distort = (frame) =>
        Uint8Array.of(...noise, ...frame.subarray(0, frame.length / 2), 0, 0, ...frame);
      expect((await host.request('PING', { token: 3 })).body).toEqual({ token: 3 });
      host.distort = (frame) => frame;
      expect((await host.request('STATUS', {})).body!.badFrames).toBeGreaterThan(2);
    });

    it('drops answers that make no sense', async () => {
      const cable = open();
      const { host } = cable;
      let requests = 0;
      host.intercept = (arrival) => {
        const nonsense = [Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(0, 0, 1)];
        return ++requests % 6 === 0 && arrival.name !== 'HELLO'
          ? nonsense[(requests / 6) % 3]
          : undefined;
      };
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });
  });

  describe('objects', () => {
    it.each<[string, number]>([
      ['not here yet', status.ERR_LATER],
      ['not found', status.ERR_NOT_FOUND],
    ])('that are %s are asked for again', async (_, refusal) => {
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

  describe('an upload', () => {
    it('goes on where the host says', async () => {
      const cable = open();
      const { host } = cable;
      const envelope = cable.expected(announcement);
      const received: Uint8Array = envelope.slice(0, 333);
      host.intercept = (arrival) => {
        if (arrival.name === 'OFFER') {
          return packResponse('OFFER', status.OK, { nextOffset: received.length });
        }
        if (arrival.name !== 'UPLOAD') return undefined;
        return packResponse('UPLOAD', status.OK, { nextOffset: envelope.length });
      };
      await host.announce(announcement);
      await cable.untilState('RECEIPT');
      const slices = host.arrivals.filter(({ name }) => name === 'UPLOAD');
      const slice = unpackRequest('UPLOAD', slices[0].body);
      expect(slices).toHaveLength(1);
      expect(slice.offset).toBe(333);
      expect(slice.data).toEqual(envelope.slice(333, 333 + slice.data.length));
    });

    it('needs no slice if the host has it all', async () => {
      const cable = open();
      const { host } = cable;
      host.intercept = ({ name }) =>
        name === 'OFFER'
          ? packResponse('OFFER', status.OK, { nextOffset: cable.expected(announcement).length })
          : undefined;
      await host.announce(announcement);
      await cable.untilState('RECEIPT');
      expect(host.count('UPLOAD')).toBe(0);
    });

    it('is offered again to a host that forgot it', async () => {
      const cable = open();
      const { host } = cable;
      let forgets = 0;
      host.intercept = ({ name }) => {
        if (name === 'UPLOAD' && host.count('UPLOAD') === 2 && forgets++ === 0) host.forgetOffer();
        return undefined;
      };
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
      expect(host.count('OFFER')).toBe(2);
    });

    it('goes back when the host lost its tail', async () => {
      const cable = open();
      const { host } = cable;
      let answered = 0;
      host.intercept = ({ name, body }) => {
        if (name !== 'UPLOAD' || ++answered > 2) return undefined;
        const { offset } = unpackRequest('UPLOAD', body);
        return packResponse('UPLOAD', status.OK, { nextOffset: answered === 1 ? offset : 0 });
      };
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });
  });

  describe('a power cycle', () => {
    it.each<[string, keyof typeof nodeState]>([
      ['during the training', 'TRAIN'],
      ['while it waits for the receipt', 'RECEIPT'],
    ])('%s: the same bytes again', async (_, state) => {
      const cable = open();
      const { host } = cable;
      const long = fixture.announcementOf(0, { epochs: 200, task: task.TRAIN });
      await host.announce(long);
      await cable.untilState(state);
      const before = { hellos: host.count('HELLO'), uploads: host.uploads.length };
      await cable.powerCycle();
      await host.until('HELLO', () => host.count('HELLO') > before.hellos);
      host.arrivals.length = 0;
      host.forgetOffer();
      await host.announce(long);
      await host.until('the upload', () => host.uploads.length > before.uploads);
      expect(host.uploads.at(-1)).toEqual(cable.expected(long));
      expect(host.count('OBJECT')).toBe(0);
    });

    it('at any point of the fetch: only what was whole is kept', async () => {
      const cable = open();
      const { host } = cable;
      for (const cut of [2, 9, 16]) {
        const from = host.count('OBJECT');
        host.intercept = ({ name }) =>
          name === 'OBJECT' && host.count('OBJECT') - from > cut ? 'lose' : undefined;
        await host.announce(announcement);
        await host.until('the fetch', () => host.count('OBJECT') - from > cut);
        await cable.powerCycle();
      }
      host.intercept = () => undefined;
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });
  });
}
