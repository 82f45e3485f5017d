import { describe, expect, it } from 'vitest';
import { messageId } from '../../host/contract/contract.gen.js';
import { encodeWire } from '../../host/contract/wire.js';
import type { OpenCable } from './cable.js';
import * as fixture from './fixture.js';
import { pingThrough } from './pings.js';
import type { ScriptedHost } from './scripted-host.js';

const announcement = fixture.announcementOf(0);

/** Loses every n-th message of each direction, in a fixed pattern. */
function loseEvery(host: ScriptedHost, n: number): void {
  let requests = 0;
  host.intercept = () => (++requests % n === 0 ? 'lose' : undefined);
}

/** Numbers below `limit`, the same for every run. */
function makeDice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** The bytes with a few of them changed, or cut, or with some more. */
function mutate(bytes: Uint8Array, dice: (limit: number) => number): Uint8Array {
  const out = bytes.slice(0, dice(4) === 0 ? dice(bytes.length + 1) : bytes.length);
  for (let i = dice(4); i > 0 && out.length > 0; i--) out[dice(out.length)] ^= 1 << dice(8);
  return dice(6) === 0 ? Uint8Array.of(...out, dice(256), dice(256)) : out;
}

/** Well-framed messages of any content: requests, announcements, receipts and answers. */
function sendNonsense(host: ScriptedHost, dice: (limit: number) => number): void {
  const receipt = { code: 0, version: 0, contribution: 0, upload: new Uint8Array(8), current: 0 };
  const bodies: readonly (readonly [number, Uint8Array])[] = [
    [messageId.ANNOUNCE, fixture.encodeAnnouncement(announcement)],
    [messageId.RECEIPT, encodeWire('Receipt', receipt)],
    [dice(16), Uint8Array.from({ length: dice(60) }, () => dice(256))],
  ];
  const [id, body] = bodies[dice(bodies.length)];
  host.sendMessage(id, dice(8) === 0 ? 1 : 0, dice(65536), mutate(body, dice));
}

/** SPEC 6: what the link may do to messages, and what a host may send. */
export function describeLink(open: OpenCable): void {
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

    it('lives through messages of any content', async () => {
      const cable = open();
      const { host } = cable;
      const dice = makeDice(20);
      host.intercept = (arrival) =>
        arrival.name !== 'HELLO' && dice(3) === 0 ? mutate(host.answer(arrival), dice) : undefined;
      await host.announce(announcement);
      for (let i = 0; i < 600; i++) {
        sendNonsense(host, dice);
        if (i % 20 === 0) await host.request('STATUS', {});
        if (i % 100 === 0) await host.announce(announcement);
      }
      host.intercept = () => undefined;
      host.serve(fixture.snapshotOf(1));
      const next = fixture.announcementOf(1);
      expect(await cable.runRound(next)).toEqual(cable.expected(next));
    });
  });

  describe('a PING', () => {
    it('is answered while the node trains and uploads', async () => {
      const cable = open();
      const long = fixture.announcementOf(0, { epochs: 255 });
      const upload = await pingThrough(cable.host, () => cable.runRound(long));
      expect(upload).toEqual(cable.expected(long));
    });
  });
}
