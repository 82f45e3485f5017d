import { afterEach, describe, expect, it } from 'vitest';
import { codec, receipt } from '../../host/contract/contract.gen.js';
import { idOf, sha256, toHex } from '../../host/contract/hash.js';
import { encodePayload } from '../oracle/codec.js';
import { readModel } from '../oracle/descriptor.js';
import { expectedEnvelope } from '../node/expectation.js';
import * as fixture from '../node/fixture.js';
import { v8Device } from './devices.js';
import { Rig } from './rig.js';

const before = fixture.wordsOf(0);
const payload = encodePayload(
  readModel(fixture.descriptor),
  0,
  codec.RICE_INT16,
  0,
  fixture.wordsOf(1).map((word, i) => word - before[i]),
)!;
const difference = {
  base: idOf(sha256(fixture.snapshotOf(0))),
  codec: codec.RICE_INT16,
  hash: sha256(payload),
  bytes: payload.length,
};
const announcement = fixture.announcementOf(1, {}, { difference });
const name = `${toHex(sha256(payload))}/0`;

let rig: Rig;
afterEach(() => rig.close());

async function closeRound(version: number): Promise<void> {
  const find = (): (typeof rig.aggregator.uploads)[number] | undefined =>
    rig.aggregator.uploads.find(({ envelope }) => envelope.version === version);
  await rig.until(`the upload to version ${version}`, () => find() !== undefined);
  const expected = expectedEnvelope({
    announcement: version === 0 ? fixture.announcementOf(0) : announcement,
    node: 'one',
    descriptor: fixture.descriptor,
    words: fixture.wordsOf(version),
    dataset: fixture.dataset,
    kernelHash: fixture.kernelHash,
  });
  expect(toHex(find()!.bytes)).toBe(toHex(expected));
  await rig.aggregator.giveReceipt(find()!, receipt.ACCEPTED);
}

/** Kernel and descriptor alone. */
async function publishNoSnapshot(): Promise<void> {
  for (const object of [fixture.kernelBytes, fixture.descriptor])
    await rig.aggregator.publishObject(object);
}

/** A node that has version 0. */
async function begin() {
  rig = await Rig.start();
  const port = await rig.plugIn(v8Device('one'));
  const bridge = rig.bridge({ port: port.address });
  await rig.aggregator.publishVersion(0);
  await closeRound(0);
  return bridge;
}

describe('a difference', () => {
  it('is all that is gathered and counted', async () => {
    const bridge = await begin();
    await rig.aggregator.publishObject(payload);
    const given = bridge.report[0].stats.downlinkBytes;
    const bytes = await rig.aggregator.announce(announcement);
    await closeRound(1);
    expect(rig.aggregator.wants).toEqual([]);
    const cost = bridge.report[0].stats.downlinkBytes - given;
    // A receipt may be among them.
    expect(cost).toBeGreaterThanOrEqual(bytes.length + payload.length);
    expect(cost).toBeLessThan(bytes.length + payload.length + 200);
  });

  it('that the broker does not have is wanted', async () => {
    await begin();
    await rig.aggregator.announce(announcement);
    await rig.until('a want', () => rig.aggregator.wants.length > 0);
    expect(rig.aggregator.wants).toEqual([name]);
    await rig.aggregator.publishObject(payload, undefined, false);
    await closeRound(1);
  });

  it('that nobody has is done without', async () => {
    await begin();
    await rig.aggregator.publishObject(fixture.snapshotOf(1));
    await rig.aggregator.announce(announcement);
    await closeRound(1);
    expect(rig.aggregator.wants).toEqual([name, name]);
  });

  it('that is damaged on the broker is done without', async () => {
    await begin();
    const spoilt = payload.map((byte) => byte ^ 1);
    await rig.aggregator.publishObject(spoilt, sha256(payload));
    await rig.aggregator.publishObject(fixture.snapshotOf(1));
    await rig.aggregator.announce(announcement);
    await closeRound(1);
    expect(rig.aggregator.wants).toEqual([name, name]);
  });

  it('is of no use to a node that missed the version before', async () => {
    rig = await Rig.start();
    await rig.aggregator.publishObject(payload);
    await rig.aggregator.publishVersion(1, { difference });
    const port = await rig.plugIn(v8Device('one'));
    rig.bridge({ port: port.address });
    await closeRound(1);
  });
});

describe('a seed of the initial words', () => {
  it('is all that comes of the first snapshot', async () => {
    rig = await Rig.start();
    const port = await rig.plugIn(v8Device('one'));
    const bridge = rig.bridge({ port: port.address });
    await publishNoSnapshot();
    const bytes = await rig.aggregator.announce(fixture.announcementOf(0, {}, { initialSeed: 17 }));
    await closeRound(0);
    expect(rig.aggregator.wants).toEqual([]);
    const least = bytes.length + fixture.descriptor.length + fixture.kernelBytes.length;
    const cost = bridge.report[0].stats.downlinkBytes;
    expect(cost).toBeGreaterThanOrEqual(least);
    // A receipt may be among them.
    expect(cost).toBeLessThan(least + 200);
  });

  it('that gives other words makes the node ask for the snapshot', async () => {
    rig = await Rig.start();
    const port = await rig.plugIn(v8Device('one'));
    rig.bridge({ port: port.address });
    await publishNoSnapshot();
    await rig.aggregator.announce(fixture.announcementOf(0, {}, { initialSeed: 18 }));
    await rig.until('a want', () => rig.aggregator.wants.length > 0);
    expect(rig.aggregator.wants).toEqual([`${toHex(sha256(fixture.snapshotOf(0)))}/0`]);
    await rig.aggregator.publishObject(fixture.snapshotOf(0));
    await closeRound(0);
  });
});

describe('an announcement', () => {
  it('that does not come is wanted', async () => {
    rig = await Rig.start();
    const port = await rig.plugIn(v8Device('one'));
    rig.bridge({ port: port.address });
    await rig.until('wants', () => rig.aggregator.wants.length > 1);
    expect(new Set(rig.aggregator.wants)).toEqual(new Set(['announcement']));
    await rig.aggregator.publishVersion(0);
    await closeRound(0);
    const { length } = rig.aggregator.wants;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(rig.aggregator.wants.length).toBe(length);
  });
});
