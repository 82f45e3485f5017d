import { afterEach, expect, it } from 'vitest';
import { receipt } from '../../host/contract/contract.gen.js';
import { toHex } from '../../host/contract/hash.js';
import { drawOf } from '../../host/contract/participation.js';
import { expectedEnvelope } from '../node/expectation.js';
import * as fixture from '../node/fixture.js';
import { v8Device } from './devices.js';
import { Rig } from './rig.js';

let rig: Rig;
afterEach(() => rig.close());

it('a device that waits for its turn costs the announcement, and gets the rest when it comes', async () => {
  rig = await Rig.start();
  const port = await rig.plugIn(v8Device('one'));
  const bridge = rig.bridge({ port: port.address });
  for (const object of [fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0)])
    await rig.aggregator.publishObject(object);
  const { draw } = drawOf(fixture.defaultPlan.seed, 0, 'one');
  const plan = { drawBelow: draw, deadlineMs: 1500 };
  const announcement = fixture.announcementOf(0, plan);
  const bytes = await rig.aggregator.announce(announcement);
  const cost = (): number => bridge.report[0]?.stats.downlinkBytes ?? 0;
  await rig.until('the announcement', () => cost() > 0);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(cost()).toBe(bytes.length);
  expect(rig.aggregator.uploads).toEqual([]);

  await rig.until('the upload', () => rig.aggregator.uploads.length === 1);
  const [upload] = rig.aggregator.uploads;
  const expected = expectedEnvelope({
    announcement,
    node: 'one',
    descriptor: fixture.descriptor,
    words: fixture.wordsOf(0),
    dataset: fixture.dataset,
    kernelHash: fixture.kernelHash,
  });
  expect(toHex(upload.bytes)).toBe(toHex(expected));
  await rig.aggregator.giveReceipt(upload, receipt.ACCEPTED);
});
