import { describe, expect, it } from 'vitest';
import { resetReason, status, type StatusName } from '../../host/contract/contract.gen.js';
import type { Announcement, HelloRequest } from '../../host/contract/contract.gen.js';
import { equalBytes, sha256, toHex } from '../../host/contract/hash.js';
import { unpackRequest } from '../../host/contract/pack.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { allow, answering, hanging, importing, trapping, withoutExport } from './bad-kernels.js';
import type { Cable, OpenCable } from './cable.js';
import * as fixture from './fixture.js';
import { padded } from './padded-kernel.js';
import type { Implementation } from './implementations.js';
import type { ScriptedHost } from './scripted-host.js';

const good = fixture.kernelBytes;
const accelerated = loadKernelBytes('accelerated');
/** Another kernel that is as good. */
const other = padded(good, good.length + 100);

let seed = 100;

/** An announcement like no other: what differs in its kernels alone would be the same work. */
function offer(...kernels: readonly Uint8Array[]): Announcement {
  const plan = { epochs: 1, seed: seed++ };
  return fixture.announcementOf(0, plan, { kernels: kernels.map((kernel) => allow(kernel)) });
}

/** Runs a round with the kernel that is left of these. */
async function expectRound(cable: Cable, announcement: Announcement, kernel = good): Promise<void> {
  const expected = cable.expected(announcement, cable.name, sha256(kernel));
  expect(await cable.runRound(announcement)).toEqual(expected);
}

function fetches(host: ScriptedHost, bytes: Uint8Array): number {
  const hash = sha256(bytes);
  return host.distinct('OBJECT').filter(({ body }) => {
    const request = unpackRequest('OBJECT', body);
    return request.offset === 0 && equalBytes(request.hash, hash);
  }).length;
}

const idOfKernel = (bytes: Uint8Array): string => toHex(sha256(bytes)).slice(0, 16);

/** The next HELLO, after whatever `cause` makes of the node. */
async function helloAfter(cable: Cable, cause: () => Promise<unknown>): Promise<HelloRequest> {
  await cable.host.until('HELLO', () => cable.host.count('HELLO') > 0);
  const before = cable.host.count('HELLO');
  await cause();
  await cable.host.until('HELLO', () => cable.host.count('HELLO') > before);
  return cable.host.lastHello()!;
}

async function lastError(cable: Cable): Promise<number> {
  return (await cable.host.request('STATUS', {})).body!.lastError;
}

/** SPEC 7.1: what becomes of kernels that cannot be used. */
export function describeTrials(implementation: Implementation, open: OpenCable): void {
  const { intrinsicSet } = implementation;
  const openWith = (...kernels: readonly Uint8Array[]): Cable =>
    open({ prepare: (host) => host.serve(...kernels, other) });

  describe('a kernel on trial', () => {
    it.each(['plan', 'infer', 'train', 'saturations', 'check'])(
      'that traps in %s gives way to the next of the list',
      async (name) => {
        const bad = trapping(name);
        const cable = openWith(bad);
        await expectRound(cable, offer(bad, good));
        expect(fetches(cable.host, bad)).toBe(1);
        expect(cable.host.logs).toEqual([
          expect.stringContaining(`kernel ${idOfKernel(bad)} failed its trial: `),
        ]);
        expect(await lastError(cable)).toBe(status.ERR_TRAP);
      },
    );

    it('that traps is not fetched again, not even after a power cut', async () => {
      const bad = trapping('train');
      const cable = openWith(bad);
      await cable.host.announce(offer(bad));
      await cable.untilState('FAILED');
      expect(await lastError(cable)).toBe(status.ERR_TRAP);
      expect(await cable.host.announce(offer(bad))).toBe(status.ERR_TRIAL);
      await helloAfter(cable, () => cable.powerCycle());
      expect(await cable.host.announce(offer(bad))).toBe(status.ERR_TRIAL);
      await cable.runRound(offer(bad, good));
      await helloAfter(cable, () => cable.powerCycle());
      expect(await cable.host.announce(offer(bad))).toBe(status.ERR_TRIAL);
      expect(fetches(cable.host, bad)).toBe(1);
    });

    it.each(['abi', 'plan', 'train'])(
      'that hangs in %s is left by a reset, and the one before still runs',
      async (name) => {
        const bad = hanging(name);
        const cable = openWith(bad);
        await cable.runRound(offer(good));
        const hello = await helloAfter(cable, () => cable.host.announce(offer(bad)));
        expect(hello).toMatchObject({
          resetReason: resetReason.WATCHDOG,
          bootEpoch: 2,
          kernelHash: fixture.kernelHash,
        });
        await cable.host.until('a LOG', () => cable.host.logs.length === 1);
        expect(cable.host.logs[0]).toBe(
          `kernel ${idOfKernel(bad)} failed its trial: the watchdog reset the device`,
        );
        expect(await lastError(cable)).toBe(status.ERR_TRIAL);
        expect(await cable.host.announce(offer(bad))).toBe(status.ERR_TRIAL);
        await expectRound(cable, offer(bad, good));
        expect([fetches(cable.host, bad), fetches(cable.host, good)]).toEqual([1, 1]);
      },
    );

    it('that hangs on a device that had none leaves it without', async () => {
      const bad = hanging('train');
      const cable = openWith(bad);
      const hello = await helloAfter(cable, () => cable.host.announce(offer(bad, good)));
      expect(toHex(hello.kernelHash)).toBe('00'.repeat(32));
      await expectRound(cable, offer(bad, good));
      expect(fetches(cable.host, bad)).toBe(1);
    });

    it.each<[string, Uint8Array, StatusName]>([
      ['of another ABI', answering('abi', 99), 'ERR_ABI'],
      ['without an export', withoutExport('pull'), 'ERR_ABI'],
      ['with its block outside the memory', answering('block', 65536), 'ERR_ABI'],
      ['that imports what is no intrinsic', importing('linnet', 'mystery'), 'ERR_INTRINSICS'],
      ['that imports from elsewhere', importing('env', 'linear_forward'), 'ERR_INTRINSICS'],
      ['that hides its intrinsics', accelerated, 'ERR_INTRINSICS'],
    ])('%s is passed over, but tried again', async (_, bad, code) => {
      const cable = openWith(bad);
      for (let time = 0; time < 2; time++) {
        expect(await cable.host.announce(offer(bad))).toBe(0);
        await cable.untilState('FAILED');
        expect(await lastError(cable)).toBe(status[code]);
      }
      await expectRound(cable, offer(bad, good));
      expect(cable.host.logs).toContainEqual(
        expect.stringContaining(`kernel ${idOfKernel(bad)} was passed over: `),
      );
    });

    it('that fails does not cost the proved one, whatever comes after it', async () => {
      const first = trapping('train');
      const second = padded(first, first.length + 50);
      const cable = openWith(first, second);
      await cable.runRound(offer(good));
      for (const bad of [first, second]) {
        await cable.host.announce(offer(bad));
        await cable.untilState('FAILED');
      }
      expect(await cable.host.announce(offer(first, second))).toBe(status.ERR_TRIAL);
      const hello = await helloAfter(cable, () => cable.powerCycle());
      expect(hello.kernelHash).toEqual(fixture.kernelHash);
      await cable.runRound(offer(first, second, good));
      expect(fetches(cable.host, good)).toBe(1);
    });

    it('that answers with a status is tried again with the next model', async () => {
      const cable = open();
      const wrong = fixture.descriptor.slice();
      wrong[0] ^= 1;
      cable.host.serve(wrong);
      for (let time = 0; time < 4; time++) {
        const descriptorHash = sha256(wrong);
        await cable.host.announce(fixture.announcementOf(0, {}, { descriptorHash }));
        await cable.untilState('FAILED');
        expect(await lastError(cable)).toBe(status.ERR_DESCRIPTOR);
      }
      await expectRound(cable, offer(good));
      expect(fetches(cable.host, good)).toBe(1);
    });
  });

  describe('a proved kernel', () => {
    it('is exchanged for another one at an announcement, and back without a fetch', async () => {
      const cable = openWith();
      for (const kernel of [good, other, good]) await expectRound(cable, offer(kernel), kernel);
      expect([fetches(cable.host, good), fetches(cable.host, other)]).toEqual([1, 1]);
      const hello = await helloAfter(cable, () => cable.powerCycle());
      expect([fixture.kernelHash, sha256(other)]).toContainEqual(hello.kernelHash);
    });

    it('is the accelerated one where there are intrinsics, at the next announcement', async () => {
      const cable = openWith(accelerated);
      const taken = intrinsicSet === 0 ? good : accelerated;
      await expectRound(cable, offer(good));
      for (const time of ['first', 'again']) {
        const kernels = [allow(accelerated, 1), allow(good)];
        await expectRound(cable, { ...offer(), kernels }, taken);
        expect([time, fetches(cable.host, taken)]).toEqual([time, 1]);
        await expectRound(cable, offer(good));
      }
    });

    it('is the wrong one without intrinsics', async () => {
      const cable = openWith(accelerated);
      const announcement = { ...offer(), kernels: [allow(accelerated, 1)] };
      const answer = await cable.host.announce(announcement);
      expect(answer).toBe(intrinsicSet === 0 ? status.ERR_INTRINSICS : status.OK);
      if (intrinsicSet === 0) await expectRound(cable, offer(good));
    });

    it('gives way to one that stands before it in the list', async () => {
      const cable = openWith();
      await expectRound(cable, offer(good));
      await expectRound(cable, offer(other, good), other);
    });
  });
}
