import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { condition, nodeState, receipt as receiptCode } from '../../host/contract/contract.gen.js';
import type { Announcement, Plan } from '../../host/contract/contract.gen.js';
import type { Cable, OpenCable } from './cable.js';
import * as fixture from './fixture.js';
import { shortTiming, type Implementation } from './implementations.js';

/** SPEC 7.5: the two numbers a node draws for a version. */
function drawnBy(node: string, seed: number, version: number): { draw: number; pace: number } {
  const input = Buffer.alloc(8 + node.length);
  input.writeUInt32LE(seed, 0);
  input.writeUInt32LE(version, 4);
  input.write(node, 8, 'latin1');
  const hash = createHash('sha256').update(input).digest();
  return { draw: hash.readUInt32LE(0), pace: hash.readUInt32LE(4) };
}

/** The first seed whose draw for version 0 is as wanted. */
function seedWhere(isWanted: (drawn: { draw: number; pace: number }) => boolean): number {
  for (let seed = 0; ; seed++) if (isWanted(drawnBy('alpha', seed, 0))) return seed;
}

/** Announces, and measures how long the node asks for nothing. */
async function runLate(
  cable: Cable,
  announcement: Announcement,
): Promise<{ waitedMs: number; upload: Uint8Array }> {
  const { host } = cable;
  await cable.untilState('IDLE');
  const startedMs = performance.now();
  let firstMs: number | undefined;
  host.intercept = ({ name }) => {
    if (name === 'OBJECT') firstMs ??= performance.now();
    return undefined;
  };
  const upload = await cable.runRound(announcement);
  return { waitedMs: firstMs! - startedMs, upload };
}

async function expectToWait(cable: Cable, announcement: Announcement): Promise<void> {
  const { host } = cable;
  expect(await host.announce(announcement)).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(await host.state()).toBe(nodeState.WAITING);
  expect(host.arrivals.filter(({ name }) => name !== 'HELLO')).toEqual([]);
}

/** SPEC 7.5. */
export function describeParticipation(implementation: Implementation, open: OpenCable): void {
  const isShort = implementation.timing === shortTiming;

  describe('participation', () => {
    it('is by a draw, which is the same everywhere', async () => {
      const cable = open();
      const { host } = cable;
      await cable.untilState('IDLE');
      for (const [seed, version] of [
        [0, 0],
        [99, 1],
        [0xffff_ffff, 2],
        [1, 0xffff_fffe],
      ] as const) {
        const { draw } = drawnBy('alpha', seed, version);
        const announce = (drawBelow: number): Promise<number> =>
          host.announce({
            ...fixture.announcementOf(0, { seed, drawBelow, epochs: 1 + (drawBelow % 2) }),
            version,
          });
        expect(await announce(draw)).toBe(0);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(await host.state()).toBe(nodeState.WAITING);
        expect(await announce(draw + 1)).toBe(0);
        await cable.untilStatus('a start', ({ state }) => state !== nodeState.WAITING);
      }
    });

    it('comes at last to everybody, when the deadline has passed often enough', async () => {
      const deadlineMs = 300;
      const seed = seedWhere(({ draw }) => draw > 2 ** 31 && draw < 2 ** 32 - 2 ** 20);
      const { draw } = drawnBy('alpha', seed, 0);
      const drawBelow = (draw >>> 2) + 1;
      const cable = open();
      const announcement = fixture.announcementOf(0, { seed, drawBelow, deadlineMs });
      const { waitedMs, upload } = await runLate(cable, announcement);
      expect(waitedMs).toBeGreaterThan(2 * deadlineMs * 0.95);
      expect(waitedMs).toBeLessThan(20 * deadlineMs);
      expect(upload).toEqual(cable.expected(announcement));
    });

    it('does not begin anew where a standing announcement comes again', async () => {
      const cable = open();
      const seed = seedWhere(({ draw }) => draw > 2 ** 30 && draw < 2 ** 31);
      const plan: Partial<Plan> = { seed, drawBelow: 2 ** 30, deadlineMs: 700 };
      const announcement = fixture.announcementOf(0, plan);
      await cable.untilState('IDLE');
      const startedMs = performance.now();
      await expectToWait(cable, announcement);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const again = fixture.announcementOf(0, { ...plan, drawBelow: 1, deadlineMs: 60_000 });
      expect(await cable.runRound(again)).toEqual(cable.expected(announcement));
      expect(performance.now() - startedMs).toBeGreaterThan(650);
    });

    it('begins within the jitter, after the same time each time', async () => {
      const jitterMs = 2000;
      const seed = seedWhere(({ pace }) => pace % jitterMs > 500 && pace % jitterMs < 700);
      const cable = open();
      const announcement = fixture.announcementOf(0, { seed, jitterMs });
      const { waitedMs, upload } = await runLate(cable, announcement);
      expect(waitedMs).toBeGreaterThan(490);
      expect(upload).toEqual(cable.expected(announcement));
    });

    it('asks nothing of a device that does not know', async () => {
      const cable = open();
      const announcement = fixture.announcementOf(0, {
        eligibility: {
          ...{ minBattery: 100, charging: 1, minLink: 100, minRam: 2 ** 31 - 1 },
          ...{ minSamples: fixture.trainSamples, maxModelAge: 0 },
        },
      });
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });

    it('waits for what a device knows it does not fulfil', async () => {
      const cable = open({
        conditions: {
          [condition.BATTERY]: 20,
          [condition.CHARGING]: 0,
          [condition.LINK]: 70,
          [condition.RAM]: 64,
        },
      });
      await cable.untilState('IDLE');
      const eligibilities = [
        { minBattery: 21 },
        { charging: 1 },
        { minLink: 71 },
        { minRam: 65 },
        { minSamples: fixture.trainSamples + 1 },
      ];
      for (const [version, eligibility] of eligibilities.entries()) {
        await expectToWait(cable, fixture.announcementOf(version, { eligibility }));
      }
      const eligibility = {
        ...{ minBattery: 20, charging: 0, minLink: 70, minRam: 64 },
        minSamples: fixture.trainSamples,
      };
      const fitting = fixture.announcementOf(0, { eligibility, seed: 5 });
      expect(await cable.runRound(fitting)).toEqual(cable.expected(fitting));
    });

    it('waits where the installed model is too old, which goes on answering', async () => {
      const cable = open();
      const { host } = cable;
      host.serve(fixture.snapshotOf(3));
      const first = await cable.runRound(fixture.announcementOf(0));
      await host.giveReceipt(receiptCode.ACCEPTED, first);
      await cable.untilState('IDLE');
      host.arrivals.length = 0;
      await expectToWait(cable, fixture.announcementOf(3, { eligibility: { maxModelAge: 2 } }));
      expect((await host.request('STATUS', {})).body!.version).toBe(0);
      const next = fixture.announcementOf(3, { seed: 5, eligibility: { maxModelAge: 3 } });
      expect(await cable.runRound(next)).toEqual(cable.expected(next));
    });

    it('rests after a version it has fetched, and goes on with that one', async () => {
      const cable = open();
      const { host } = cable;
      [2, 3].forEach((version) => host.serve(fixture.snapshotOf(version)));
      const eligibility = { minModelAge: 3 };
      const first = await cable.runRound(fixture.announcementOf(0, { eligibility }));
      expect(first).toEqual(cable.expected(fixture.announcementOf(0, { eligibility })));
      // The same version by another plan: the upload of the first has not been answered.
      const again = fixture.announcementOf(0, { eligibility, seed: 5 });
      const upload = await cable.runRound(again);
      expect(upload).toEqual(cable.expected(again));
      await host.giveReceipt(receiptCode.ACCEPTED, upload);
      await cable.untilState('IDLE');
      host.arrivals.length = 0;
      await expectToWait(cable, fixture.announcementOf(2, { eligibility }));
      const next = fixture.announcementOf(3, { eligibility });
      expect(await cable.runRound(next)).toEqual(cable.expected(next));
    });

    it.runIf(isShort)('begins when the device fulfils it', async () => {
      const cable = open({
        dataset: false,
        prepare: (host) => {
          host.samples = fixture.dataset;
          host.hello = { ...host.hello, trainSamples: 1, testSamples: fixture.testSamples };
        },
      });
      const { host } = cable;
      await cable.untilState('IDLE');
      const eligibility = { minSamples: fixture.trainSamples };
      const announcement = fixture.announcementOf(0, { eligibility });
      await expectToWait(cable, announcement);
      host.hello = { ...host.hello, trainSamples: fixture.trainSamples };
      // The next HELLO comes after a silence.
      await host.until('the upload', () => host.uploads.length === 1);
      expect(host.uploads[0]).toEqual(cable.expected(announcement));
    });

    it('does not stop who is at work, nor make an upload wait that is kept', async () => {
      const cable = open();
      const { host } = cable;
      const announcement = fixture.announcementOf(0, { epochs: 200 });
      await host.announce(announcement);
      await cable.untilState('TRAIN');
      const limited = { drawBelow: 1, jitterMs: 60_000, eligibility: { minSamples: 1000 } };
      const plan = { ...announcement.plan, ...limited };
      expect(await host.announce({ ...announcement, plan })).toBe(0);
      await host.until('the upload', () => host.uploads.length === 1);
      expect(host.uploads[0]).toEqual(cable.expected(announcement));
      await cable.powerCycle();
      host.forgetOffer();
      expect(await cable.runRound({ ...announcement, plan })).toEqual(host.uploads[0]);
    });
  });
}
