/** The trial of a kernel on a board: its watchdog is SysTick, its flash survives a reset. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeState, resetReason, status } from '../../host/contract/contract.gen.js';
import type { Announcement } from '../../host/contract/contract.gen.js';
import { equalBytes, sha256, toHex } from '../../host/contract/hash.js';
import { unpackRequest } from '../../host/contract/pack.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import type { Link } from '../../host/link/link.js';
import { openQemuLink } from '../../host/link/qemu-link.js';
import { hasQemu } from '../e2e/toolchains.js';
import { allow, hanging, trapping } from './bad-kernels.js';
import { expectedEnvelope } from './expectation.js';
import * as fixture from './fixture.js';
import { ScriptedHost } from './scripted-host.js';

const good = fixture.kernelBytes;
const accelerated = loadKernelBytes('accelerated');
const node = 'board';
/** The watchdog of the board takes five seconds of its time. */
const patienceMs = 60_000;

describe.runIf(hasQemu)('a kernel on trial on a Cortex-M4', () => {
  let link: Link;
  let host: ScriptedHost;
  let seed = 0;

  beforeAll(async () => {
    link = await openQemuLink('mps2-an386', {});
    host = new ScriptedHost({
      send: (bytes) => void link.write(bytes),
      onBytes: (listener) => link.onData(listener),
    });
    host.samples = fixture.dataset;
    host.hello = {
      ...host.hello,
      node,
      trainSamples: fixture.trainSamples,
      testSamples: fixture.testSamples,
    };
    host.serve(good, accelerated, fixture.descriptor, fixture.snapshotOf(0));
  });
  afterAll(() => link.close());

  const offer = (...kernels: Announcement['kernels']): Announcement =>
    fixture.announcementOf(0, { epochs: 1, samples: 10, seed: seed++ }, { kernels });

  async function expectRound(announcement: Announcement, kernel: Uint8Array): Promise<void> {
    host.forgetOffer();
    const before = host.uploads.length;
    expect(await host.announce(announcement)).toBe(status.OK);
    await host.until('an upload', () => host.uploads.length > before, patienceMs);
    expect(host.uploads[before]).toEqual(
      expectedEnvelope({
        announcement,
        node,
        descriptor: fixture.descriptor,
        words: fixture.wordsOf(0),
        dataset: fixture.dataset,
        kernelHash: sha256(kernel),
      }),
    );
  }

  function fetches(bytes: Uint8Array): number {
    return host.distinct('OBJECT').filter(({ body }) => {
      const { hash, offset } = unpackRequest('OBJECT', body);
      return offset === 0 && equalBytes(hash, sha256(bytes));
    }).length;
  }

  it('is proved by a round, whichever build it is', async () => {
    await expectRound(offer(allow(good)), good);
    await expectRound(offer(allow(accelerated, 1), allow(good)), accelerated);
  });

  it('gives way to the next of the list if it traps', async () => {
    const bad = trapping('plan');
    host.serve(bad);
    await expectRound(offer(allow(bad), allow(accelerated, 1)), accelerated);
    expect(host.logs.at(-1)).toContain(`${toHex(sha256(bad)).slice(0, 16)} failed its trial`);
  });

  it('is left by a reset of the watchdog if it hangs', async () => {
    const bad = hanging('train');
    host.serve(bad);
    const before = host.count('HELLO');
    expect(await host.announce(offer(allow(bad)))).toBe(status.OK);
    await host.until('a HELLO', () => host.count('HELLO') > before, patienceMs);
    expect(host.lastHello()).toMatchObject({
      resetReason: resetReason.WATCHDOG,
      bootEpoch: 2,
      kernelHash: sha256(accelerated),
    });
    await host.until('a LOG', () => host.logs.length === 2);
    const record = unpackRequest('FAULT', host.arrivals.find(({ name }) => name === 'FAULT')!.body);
    expect(record).toMatchObject({ reason: resetReason.WATCHDOG, state: nodeState.FETCH });
    expect(record.pc).toBeGreaterThan(0);
    expect(record.pc).toBeLessThan(80 * 1024);
    expect(host.logs[1]).toContain('failed its trial: the watchdog reset the device');
    expect(await host.announce(offer(allow(bad)))).toBe(status.ERR_TRIAL);
    await expectRound(offer(allow(bad), allow(accelerated, 1)), accelerated);
    expect([fetches(bad), fetches(accelerated)]).toEqual([1, 1]);
  });
});
