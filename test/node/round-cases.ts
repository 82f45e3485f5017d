import { describe, expect, it } from 'vitest';
import { codec, nodeState, split, status, task } from '../../host/contract/contract.gen.js';
import { toHex, sha256 } from '../../host/contract/hash.js';
import { unpackRequest } from '../../host/contract/pack.js';
import { decodeWire } from '../../host/contract/wire.js';
import { selectSamples, samplesOfSplit } from '../../host/data/dataset.js';
import type { OpenCable } from './cable.js';
import * as fixture from './fixture.js';
import { shortTiming, type Implementation } from './implementations.js';
import type { ScriptedHost } from './scripted-host.js';

function fetchedHashes(host: ScriptedHost): Set<string> {
  const requests = host.arrivals.filter((arrival) => arrival.name === 'OBJECT');
  return new Set(requests.map(({ body }) => toHex(unpackRequest('OBJECT', body).hash)));
}

/** The host serves the fixture's samples to a node that has none. */
function serveSamples(host: ScriptedHost): void {
  host.samples = fixture.dataset;
  host.hello = {
    ...host.hello,
    trainSamples: fixture.trainSamples,
    testSamples: fixture.testSamples,
  };
}

/** SPEC 7.3 to 7.6: what is fetched and what is uploaded. */
export function describeRounds(implementation: Implementation, open: OpenCable): void {
  const isShort = implementation.timing === shortTiming;

  describe('a round', () => {
    it.each([
      ['evaluates and trains', {}],
      ['trains only', { task: task.TRAIN }],
      ['evaluates only', { task: task.EVALUATE }],
      ['evaluates only, with codec NONE', { task: task.EVALUATE, codec: codec.NONE }],
      ['trains on a few of its samples', { task: task.TRAIN, samples: 7, epochs: 5 }],
      ['trains on all when it has fewer', { task: task.TRAIN, samples: 1000, epochs: 1 }],
      ['weighs its classes', { classWeights: Uint8Array.of(1, 255, 0) }],
      ['skips nothing', { skipThreshold: 0, lrShift: 2, lrDecay: 0 }],
      ['draws from another seed', { seed: 0xffff_ffff, deadlineMs: 1000 }],
      ['trains the last layer alone', { frozenLayers: 0b01 }],
      ['trains the first layer alone', { frozenLayers: 0b10 }],
      ['evaluates with every layer frozen', { task: task.EVALUATE, frozenLayers: 0xffff_ffff }],
      ['pulls toward the base', { proximalShift: 2, skipThreshold: 0, lrShift: 2 }],
      ['pulls hardly, after the last step too', { proximalShift: 15, samples: 16, epochs: 2 }],
      ['codes its delta exactly', { codec: codec.RICE_INT16 }],
      ['codes its delta in three bits', { task: task.TRAIN, codec: codec.DENSE_3 }],
      ['codes a tenth of its delta', { codec: codec.SPARSE_TERNARY, density: 100 }],
      ['codes what is trained alone', { codec: codec.DENSE_8, frozenLayers: 0b01 }],
    ])('%s: the bytes of the specification', async (_, plan) => {
      const cable = open();
      const announcement = fixture.announcementOf(0, plan);
      expect(toHex(await cable.runRound(announcement))).toBe(toHex(cable.expected(announcement)));
    });

    it.each([
      ['an autoencoder, whatever the labels', fixture.autoencoder, { skipThreshold: 16 }],
      ['an autoencoder, evaluated', fixture.autoencoder, { task: task.EVALUATE }],
      ['a convolutional model', fixture.convolutional, {}],
      ['one of which a part is frozen', fixture.convolutional, { frozenLayers: 1 }],
      ['one whose delta is coded', fixture.convolutional, { codec: codec.DENSE_4 }],
    ])('trains %s', async (_, model, plan) => {
      const cable = open();
      cable.host.serve(model, fixture.snapshotOf(2, model));
      const announcement = fixture.announcementOf(2, plan, {}, model);
      expect(toHex(await cable.runRound(announcement))).toBe(toHex(cable.expected(announcement)));
    });

    it('that trains nothing fails', async () => {
      const cable = open();
      await cable.host.announce(fixture.announcementOf(0, { frozenLayers: 0b11 }));
      await cable.untilState('FAILED');
      const { body } = await cable.host.request('STATUS', {});
      expect(body!.lastError).toBe(status.ERR_STATE);
    });

    it('depends on the name of the node', async () => {
      const announcement = fixture.announcementOf(0);
      const [first, second] = [open({ node: 'a.1' }), open({ node: 'b_2' })];
      const uploads = [await first.runRound(announcement), await second.runRound(announcement)];
      const payloads = uploads.map((bytes) => toHex(decodeWire('Envelope', bytes).payload));
      expect(payloads[0]).not.toBe(payloads[1]);
      expect(uploads[1]).toEqual(second.expected(announcement));
    });

    it('goes through messages of the smallest size', async () => {
      const cable = open({
        prepare: (host) => {
          host.hello = { ...host.hello, maxPayload: 128 };
        },
      });
      const announcement = fixture.announcementOf(0);
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
      const longest = Math.max(...cable.host.arrivals.map(({ body }) => body.length));
      expect(longest).toBe(124);
    });

    it('pulls its samples if it has none', async () => {
      const cable = open({ dataset: false, prepare: serveSamples });
      const announcement = fixture.announcementOf(0);
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
      const asked = cable.host
        .distinct('SAMPLE')
        .map(({ body }) => unpackRequest('SAMPLE', body).split);
      expect(asked.filter((part) => part === split.TEST)).toHaveLength(fixture.testSamples);
      expect(asked.filter((part) => part === split.TRAIN)).toHaveLength(3 * fixture.trainSamples);
    });

    it('waits for a sample that comes later and for lost ones', async () => {
      let requests = 0;
      const cable = open({ dataset: false, prepare: serveSamples });
      cable.host.intercept = ({ name }) => {
        if (name !== 'SAMPLE') return undefined;
        requests++;
        if (requests % 40 === 7) return 'lose';
        return requests % 40 === 11 ? Uint8Array.of(status.ERR_LATER & 0xff, 0xff) : undefined;
      };
      const announcement = fixture.announcementOf(0, { epochs: 1 });
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });

    it.runIf(isShort)('starts anew when the host serves other samples', async () => {
      const cable = open({ dataset: false, prepare: serveSamples });
      const { host } = cable;
      const announcement = fixture.announcementOf(0, { task: task.TRAIN });
      let isCut = true;
      host.intercept = ({ name }) =>
        isCut && name === 'SAMPLE' && host.count('SAMPLE') > 20 ? 'lose' : undefined;
      await host.announce(announcement);
      await host.until('some samples', () => host.count('SAMPLE') > 20);
      const fewer = selectSamples(
        fixture.dataset,
        samplesOfSplit(fixture.dataset, split.TRAIN).slice(0, 9),
      );
      host.samples = fewer;
      host.hello = { ...host.hello, trainSamples: 9, testSamples: 0 };
      isCut = false;
      host.intercept = ({ name }) =>
        host.count('HELLO') < 2 && name === 'SAMPLE' ? 'lose' : undefined;
      await host.until('the upload', () => host.uploads.length > 0, 40_000);
      expect(decodeWire('Envelope', host.uploads[0]).samples).toBe(9);
    });

    it('fetches each object once, and of the next version only the snapshot', async () => {
      const cable = open();
      const first = await cable.runRound(fixture.announcementOf(0));
      expect(fetchedHashes(cable.host).size).toBe(3);
      await cable.host.giveReceipt(0, first);
      cable.host.arrivals.length = 0;
      cable.host.serve(fixture.snapshotOf(1));
      const announcement = fixture.announcementOf(1);
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
      expect([...fetchedHashes(cable.host)]).toEqual([toHex(sha256(fixture.snapshotOf(1)))]);
    });

    it('with task NONE installs the model and rests', async () => {
      const cable = open();
      cable.host.serve(fixture.snapshotOf(4));
      expect(await cable.host.announce(fixture.announcementOf(4, { task: task.NONE }))).toBe(0);
      await cable.host.until('the fetch', () => fetchedHashes(cable.host).size === 3);
      await cable.untilState('IDLE');
      const { body } = await cable.host.request('STATUS', {});
      expect(body).toMatchObject({ version: 4, lastError: 0 });
      expect(cable.host.count('OFFER')).toBe(0);
    });

    it('serves the link while it trains', async () => {
      const cable = open();
      await cable.host.announce(fixture.announcementOf(0, { epochs: 255, task: task.TRAIN }));
      await cable.untilState('TRAIN');
      const { body } = await cable.host.request('STATUS', {});
      expect(body).toMatchObject({ state: nodeState.TRAIN, totalSteps: 255 * 40 });
      expect((await cable.host.request('PING', { token: 5 })).body).toEqual({ token: 5 });
      await cable.host.until('the upload', () => cable.host.uploads.length === 1);
      expect((await cable.host.request('STATUS', {})).body!.step).toBe(255 * 40);
    });
  });
}
