import { describe, expect, it } from 'vitest';
import { receipt, status, type ReceiptName } from '../../host/contract/contract.gen.js';
import { unpackRequest } from '../../host/contract/pack.js';
import type { Cable, OpenCable } from './cable.js';
import * as fixture from './fixture.js';
import { shortTiming, type Implementation } from './implementations.js';

const definite = (Object.keys(receipt) as ReceiptName[]).filter((name) => name !== 'LATER');

/** SPEC 7.7: what ends the work on a version and what repeats its upload. */
export function describeReceipts(implementation: Implementation, open: OpenCable): void {
  const isShort = implementation.timing === shortTiming;
  const { timing } = implementation;
  const announcement = fixture.announcementOf(0, { epochs: 1 });

  async function uploadOf(cable: Cable): Promise<Uint8Array> {
    const upload = await cable.runRound(announcement);
    await cable.untilState('RECEIPT');
    return upload;
  }

  /** Resolves to true if nothing is offered for as long as an offer is repeated. */
  async function staysQuiet(cable: Cable, ms: number): Promise<boolean> {
    const before = cable.host.count('OFFER');
    await new Promise((resolve) => setTimeout(resolve, ms));
    return cable.host.count('OFFER') === before;
  }

  describe('receipts', () => {
    it.each(definite)('%s ends the work on the version', async (name) => {
      const cable = open();
      const upload = await uploadOf(cable);
      expect(await cable.host.giveReceipt(receipt[name], upload)).toBe(status.OK);
      await cable.untilState('IDLE');
      const fetched = cable.host.count('OBJECT');
      expect(await cable.host.announce(announcement)).toBe(status.OK);
      expect(await cable.host.announce(fixture.announcementOf(0, { seed: 3 }))).toBe(status.OK);
      await cable.untilState('IDLE');
      expect(cable.host.count('OBJECT')).toBe(fetched);
      expect(cable.host.uploads).toHaveLength(1);
      cable.host.serve(fixture.snapshotOf(1));
      const next = fixture.announcementOf(1);
      expect(await cable.runRound(next)).toEqual(cable.expected(next));
    });

    it('a code of a later release ends it too', async () => {
      const cable = open();
      await cable.host.giveReceipt(77, await uploadOf(cable));
      await cable.untilState('IDLE');
    });

    it('LATER repeats the same offer after retryMs', async () => {
      const cable = open();
      const { host } = cable;
      const upload = await uploadOf(cable);
      const later = performance.now();
      await host.giveReceipt(receipt.LATER, upload, { retryMs: 400 });
      const before = host.count('OFFER');
      await host.until('another offer', () => host.count('OFFER') > before);
      expect(performance.now() - later).toBeGreaterThan(350);
      const [first, second] = host
        .distinct('OFFER')
        .map(({ body }) => unpackRequest('OFFER', body));
      expect(second).toEqual(first);
      await host.giveReceipt(receipt.ACCEPTED, upload);
      await cable.untilState('IDLE');
    });

    it('LATER during an upload stops it until then', async () => {
      const cable = open();
      const { host } = cable;
      const expected = cable.expected(announcement);
      let isLate = false;
      host.intercept = ({ name }) => (name === 'UPLOAD' && !isLate ? 'lose' : undefined);
      await host.announce(announcement);
      await host.until('a slice', () => host.count('UPLOAD') > 0);
      await host.giveReceipt(receipt.LATER, expected, { retryMs: 200 });
      await cable.untilState('RECEIPT');
      isLate = true;
      await host.until('the upload', () => host.uploads.length === 1);
      expect(host.uploads[0]).toEqual(expected);
    });

    it('may come before the upload is complete', async () => {
      const cable = open();
      const { host } = cable;
      host.intercept = ({ name }) => (name === 'UPLOAD' ? 'lose' : undefined);
      await host.announce(announcement);
      await host.until('a slice', () => host.count('UPLOAD') > 0);
      await host.giveReceipt(receipt.DUPLICATE, cable.expected(announcement));
      await cable.untilState('IDLE');
    });

    it.each<[string, object, boolean]>([
      ['another version', { version: 1 }, false],
      ['another contribution', { contribution: 1 }, false],
      ['another upload', {}, true],
    ])('for %s is ignored', async (_, rest, isOther) => {
      const cable = open();
      const upload = await uploadOf(cable);
      const given = isOther ? Uint8Array.of(1) : upload;
      expect(await cable.host.giveReceipt(receipt.ACCEPTED, given, rest)).toBe(status.OK);
      await cable.untilState('RECEIPT');
      expect(await cable.host.giveReceipt(receipt.ACCEPTED, upload)).toBe(status.OK);
      await cable.untilState('IDLE');
      expect(await cable.host.giveReceipt(receipt.ACCEPTED, upload)).toBe(status.OK);
    });

    it.each<[string, Uint8Array, number]>([
      ['no CBOR', Uint8Array.of(0xff), status.ERR_CBOR],
      ['a map without keys', Uint8Array.of(0xa0), status.ERR_CBOR],
      ['129 bytes', new Uint8Array(129), status.ERR_FULL],
    ])('of %s are refused', async (_, bytes, expected) => {
      const cable = open();
      await uploadOf(cable);
      expect((await cable.host.request('RECEIPT', { receipt: bytes })).status).toBe(expected);
      await cable.untilState('RECEIPT');
    });

    it('are not needed by a node that rests', async () => {
      const cable = open();
      expect(await cable.host.giveReceipt(receipt.ACCEPTED, Uint8Array.of(1))).toBe(status.OK);
      await cable.untilState('IDLE');
    });

    it.runIf(isShort)('that do not come repeat the offer', async () => {
      const cable = open();
      await uploadOf(cable);
      const before = cable.host.count('OFFER');
      const waiting = performance.now();
      await cable.host.until('another offer', () => cable.host.count('OFFER') > before);
      expect(performance.now() - waiting).toBeGreaterThan(timing.offerMs * 0.5);
    });

    it.runIf(isShort)('that came end the offers', async () => {
      const cable = open();
      const upload = await uploadOf(cable);
      await cable.host.giveReceipt(receipt.ACCEPTED, upload);
      expect(await staysQuiet(cable, 2 * timing.offerMs)).toBe(true);
    });

    it.runIf(isShort)('are waited for in a new session too: it begins with an offer', async () => {
      const cable = open();
      const { host } = cable;
      const upload = await uploadOf(cable);
      await host.giveReceipt(receipt.LATER, upload, { retryMs: 60_000 });
      const before = { hellos: host.count('HELLO'), offers: host.count('OFFER') };
      await host.until('another HELLO', () => host.count('HELLO') > before.hellos);
      await host.until('another offer', () => host.count('OFFER') > before.offers);
    });
  });
}
