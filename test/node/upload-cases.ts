import { describe, expect, it } from 'vitest';
import type { nodeState } from '../../host/contract/contract.gen.js';
import { receipt as receiptCode, split, status, task } from '../../host/contract/contract.gen.js';
import { packResponse, unpackRequest } from '../../host/contract/pack.js';
import { decodeWire } from '../../host/contract/wire.js';
import { samplesOfSplit, selectSamples } from '../../host/data/dataset.js';
import type { OpenCable } from './cable.js';
import * as fixture from './fixture.js';
import { shortTiming, type Implementation } from './implementations.js';

const announcement = fixture.announcementOf(0);
const fewerSamples = selectSamples(
  fixture.dataset,
  samplesOfSplit(fixture.dataset, split.TRAIN).slice(0, 9),
);

/** SPEC 7.6, and that a node which starts again sends the same bytes. */
export function describeUploads(implementation: Implementation, open: OpenCable): void {
  const isShort = implementation.timing === shortTiming;

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
      const slices = host.distinct('UPLOAD');
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

    it.runIf(isShort)('is offered again to a host that forgot it', async () => {
      const cable = open();
      const { host } = cable;
      let forgets = 0;
      host.intercept = ({ name }) => {
        if (name === 'UPLOAD' && host.count('UPLOAD') === 2 && forgets++ === 0) host.forgetOffer();
        return undefined;
      };
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
      expect(host.distinct('OFFER')).toHaveLength(2);
    });

    it('goes back when the host lost its tail, without hurry', async () => {
      const cable = open();
      const { host } = cable;
      let answered = 0;
      host.intercept = ({ name, body }) => {
        if (name !== 'UPLOAD' || ++answered > 2) return undefined;
        const { offset } = unpackRequest('UPLOAD', body);
        return packResponse('UPLOAD', status.OK, { nextOffset: answered === 1 ? offset : 0 });
      };
      const started = performance.now();
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
      expect(performance.now() - started).toBeGreaterThan(2 * implementation.timing.laterMs * 0.9);
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

    it('once it has offered: the same bytes, with whatever samples', async () => {
      const cable = open();
      const { host } = cable;
      const expected = cable.expected(announcement);
      await cable.runRound(announcement);
      for (const receipt of [false, true]) {
        if (receipt) await host.giveReceipt(receiptCode.ACCEPTED, expected);
        await cable.powerCycle(fewerSamples);
        expect(await cable.runRound(announcement)).toEqual(expected);
      }
      const other = fixture.announcementOf(0, { seed: 5 });
      expect(decodeWire('Envelope', await cable.runRound(other)).samples).toBe(9);
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
