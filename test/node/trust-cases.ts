import { describe, expect, it } from 'vitest';
import { receipt, status } from '../../host/contract/contract.gen.js';
import type { Announcement, Receipt } from '../../host/contract/contract.gen.js';
import { idOf, noMac, sha256 } from '../../host/contract/hash.js';
import { encodeWire } from '../../host/contract/wire.js';
import type { Cable, OpenCable } from './cable.js';
import { sealReceipt, tagOf } from './expectation.js';
import * as fixture from './fixture.js';

const key = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 1);
const otherKey = key.map((byte) => byte ^ 1);

const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, i) => (i === at ? byte ^ 0x10 : byte));

/** SPEC 8.2: whom a node with a key believes. */
export function describeTrust(open: OpenCable): void {
  const announcement = fixture.announcementOf(1, { epochs: 1 }, { epoch: 2 });
  const prepared = (): Cable => {
    const cable = open({ key });
    for (const version of [0, 1, 2]) cable.host.serve(fixture.snapshotOf(version));
    return cable;
  };

  /** The receipt of an upload as the aggregator would write it, changed before it is sealed. */
  function receiptOf(upload: Uint8Array, code: number, rest: Partial<Receipt> = {}): Uint8Array {
    const wire = encodeWire('Receipt', {
      ...{ code, version: 1, contribution: 0, upload: idOf(sha256(upload)), current: 1 },
      ...{ mac: noMac, ...rest },
    });
    return sealReceipt(key, 'alpha', announcement, wire);
  }

  const give = (cable: Cable, bytes: Uint8Array): Promise<unknown> =>
    cable.host.request('RECEIPT', { receipt: bytes });

  describe('with a key', () => {
    it('an upload carries its tag, in every codec and after a start', async () => {
      const cable = prepared();
      const upload = await cable.runRound(announcement);
      expect(upload).toEqual(cable.expected(announcement));
      await cable.powerCycle();
      expect(await cable.runRound(announcement)).toEqual(upload);
      const coded = fixture.announcementOf(2, { epochs: 1, codec: 20 }, { epoch: 2 });
      expect(await cable.runRound(coded)).toEqual(cable.expected(coded));
    });

    it('an announcement without its tag is refused', async () => {
      const cable = prepared();
      await cable.untilState('IDLE');
      const mac = cable.tagOf(announcement);
      const other = { ...announcement, version: 0 };
      const foreign: readonly (readonly [string, Announcement, Uint8Array])[] = [
        ['none', announcement, noMac],
        ['a bent one', announcement, flipped(mac, 15)],
        ['that of another announcement', announcement, cable.tagOf(other)],
        ['that of another node', announcement, tagOf(key, 'beta', announcement)],
        ['that of another key', announcement, tagOf(otherKey, 'alpha', announcement)],
        ['that of another federation', { ...announcement, federation: 'elsewhere' }, mac],
        ['one of an altered plan', fixture.announcementOf(1, { lrShift: 0 }, { epoch: 2 }), mac],
      ];
      for (const [what, altered, given] of foreign)
        expect([what, await cable.host.announce(altered, given)]).toEqual([what, status.ERR_MAC]);
      await cable.untilState('IDLE');
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });

    it('an older announcement is refused, also after a start, an equal one is not', async () => {
      const cable = prepared();
      await cable.runRound(announcement);
      const older = [
        fixture.announcementOf(0, {}, { epoch: 2 }),
        fixture.announcementOf(2, {}, { epoch: 1 }),
      ];
      const judge = async (): Promise<number[]> => {
        const answers: number[] = [];
        for (const old of older) answers.push(await cable.host.announce(old, cable.tagOf(old)));
        return answers;
      };
      expect(await judge()).toEqual([status.ERR_ROLLBACK, status.ERR_ROLLBACK]);
      await cable.powerCycle();
      await cable.untilState('IDLE');
      expect(await judge()).toEqual([status.ERR_ROLLBACK, status.ERR_ROLLBACK]);
      expect(await cable.host.announce(announcement, cable.tagOf(announcement))).toBe(0);
      const began = fixture.announcementOf(0, { epochs: 1 }, { epoch: 3 });
      expect(await cable.runRound(began)).toEqual(cable.expected(began));
      expect(await cable.host.announce(announcement, cable.tagOf(announcement))).toBe(
        status.ERR_ROLLBACK,
      );
    });

    it('a receipt that the aggregator did not write is ignored', async () => {
      const cable = prepared();
      const upload = await cable.runRound(announcement);
      await cable.untilState('RECEIPT');
      const good = receiptOf(upload, receipt.ACCEPTED);
      const other = fixture.announcementOf(1, {}, { descriptorHash: new Uint8Array(32) });
      const forged = [
        encodeWire('Receipt', {
          ...{ code: 0, version: 1, contribution: 0, upload: idOf(sha256(upload)), current: 1 },
        }),
        flipped(good, good.length - 1),
        Uint8Array.of(good[0], good[1], receipt.STALE, ...good.subarray(3)),
        sealReceipt(otherKey, 'alpha', announcement, good),
        sealReceipt(key, 'beta', announcement, good),
        sealReceipt(key, 'alpha', other, good),
      ];
      for (const bytes of forged) await give(cable, bytes);
      await cable.untilState('RECEIPT');
      await give(cable, good);
      await cable.untilState('IDLE');
    });

    it('a kept upload of another key is not sent again', async () => {
      const cable = prepared();
      const upload = await cable.runRound(announcement);
      cable.key = otherKey;
      await cable.powerCycle();
      const again = await cable.runRound(announcement);
      expect(again).toEqual(cable.expected(announcement));
      expect(again.slice(0, -16)).toEqual(upload.slice(0, -16));
      expect(again.slice(-16)).not.toEqual(upload.slice(-16));
    });
  });
}
