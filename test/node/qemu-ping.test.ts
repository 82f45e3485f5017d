/** A board that trains and uploads answers its host (`npm run bench:latency`: after how long at most). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { status } from '../../host/contract/contract.gen.js';
import type { Link } from '../../host/link/link.js';
import { openQemuLink } from '../../host/link/qemu-link.js';
import { hasQemu } from '../e2e/toolchains.js';
import { expectedEnvelope } from './expectation.js';
import * as fixture from './fixture.js';
import { pingThrough } from './pings.js';
import { ScriptedHost } from './scripted-host.js';

const node = 'board';

describe.runIf(hasQemu)('a PING to a Cortex-M4', () => {
  let link: Link;
  let host: ScriptedHost;

  beforeAll(async () => {
    link = await openQemuLink('mps2-an386', {});
    host = new ScriptedHost({
      send: (bytes) => void link.write(bytes),
      onBytes: (listener) => link.onData(listener),
    });
    host.samples = fixture.dataset;
    const { trainSamples, testSamples } = fixture;
    host.hello = { ...host.hello, node, trainSamples, testSamples };
    host.serve(fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0));
  });
  afterAll(() => link.close());

  it('is answered while the node trains and uploads', async () => {
    const announcement = fixture.announcementOf(0);
    const upload = await pingThrough(host, async () => {
      expect(await host.announce(announcement)).toBe(status.OK);
      await host.until('the upload', () => host.uploads.length > 0, 60_000);
      return host.uploads[0];
    });
    const { descriptor, dataset, kernelHash } = fixture;
    const words = fixture.wordsOf(0);
    expect(upload).toEqual(
      expectedEnvelope({ announcement, node, descriptor, words, dataset, kernelHash }),
    );
  });
});
