import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../host/contract/hash.js';
import * as fixture from '../node/fixture.js';
import { ScriptedDevice, v8Device } from './devices.js';
import { Rig } from './rig.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.start();
});
afterEach(() => rig.close());

const logged = (text: string): Promise<void> =>
  rig.until(`"${text}" in the log`, () => rig.logs.some((line) => line.includes(text)));

describe('names', () => {
  it('are given once: a second device of a name stays outside', async () => {
    const first = new ScriptedDevice({ node: 'twin' });
    const second = new ScriptedDevice();
    const ports = [await rig.plugIn(first.program), await rig.plugIn(second.program)];
    rig.bridge(...ports.map(({ address }) => ({ port: address })));
    await rig.until('the birth', () => rig.aggregator.isAlive('twin'));
    await rig.until('the second', () => ports[1].starts === 1);
    await second.sayHello({ node: 'twin' });
    await logged('another device is called "twin" already');
    await second.sayHello({ node: 'other' });
    await rig.until('the birth', () => rig.aggregator.isAlive('other'));
    expect(rig.aggregator.history.filter((event) => event === 'birth twin')).toHaveLength(1);
    expect(rig.aggregator.isAlive('twin')).toBe(true);
  });

  it('that no topic can hold are refused', async () => {
    const device = new ScriptedDevice({ node: 'a/b' });
    const port = await rig.plugIn(device.program);
    rig.bridge({ port: port.address });
    await logged('"a/b" is not a name');
    expect(rig.aggregator.nodes.size).toBe(0);
  });

  it('follow the board when it is exchanged', async () => {
    const device = new ScriptedDevice({ node: 'old' });
    const port = await rig.plugIn(device.program);
    rig.bridge({ port: port.address });
    await rig.until('the birth', () => rig.aggregator.isAlive('old'));
    device.hello = { node: 'new' };
    port.cut();
    await rig.until('the birth', () => rig.aggregator.isAlive('new'));
    expect(rig.aggregator.isAlive('old')).toBe(false);
  });
});

describe('messages that make no sense', () => {
  it('are dropped and logged, and the next good one is followed', async () => {
    const port = await rig.plugIn(v8Device('one'));
    rig.bridge({ port: port.address });
    await rig.until('the birth', () => rig.aggregator.isAlive('one'));
    await rig.aggregator.publishAnnouncement(Uint8Array.of(0xff, 1, 2));
    await logged('Announcement is not CBOR');
    await rig.aggregator.publishAnnouncement(new Uint8Array());
    await rig.aggregator.sendToNode('one', Uint8Array.of(0xa0));
    await logged('Receipt.code is missing');
    const huge = { artefactBytes: 2 ** 40 };
    await rig.aggregator.announce(fixture.announcementOf(0, {}, huge));
    await logged('an object of 1099511627776 bytes was announced');
    const kernels = Array.from({ length: 12 }, () => ({
      hash: fixture.kernelHash,
      bytes: fixture.kernelBytes.length,
      intrinsicSet: 0,
    }));
    await rig.aggregator.publishVersion(0, { kernels });
    await logged('ANNOUNCE has');
    await rig.aggregator.publishVersion(1);
    await rig.until('the upload', () => rig.aggregator.uploads.length > 0);
    expect(rig.aggregator.uploads[0].envelope.version).toBe(1);
  });

  it('an upload that is no envelope, or of somebody else, is not published', async () => {
    const device = new ScriptedDevice({ node: 'one' });
    const port = await rig.plugIn(device.program);
    const bridge = rig.bridge({ port: port.address });
    await rig.until('the birth', () => rig.aggregator.isAlive('one'));
    expect(await device.upload(Uint8Array.of(1, 2, 3))).toBe(3);
    await logged('Envelope is not');
    await device.ask('PING', { token: 1 });
    expect(bridge.report[0].stats.uploads).toBe(0);
    expect(rig.aggregator.uploads).toEqual([]);
  });

  it('a wrong slice is replaced by the right one when it comes', async () => {
    const port = await rig.plugIn(v8Device('one'));
    rig.bridge({ port: port.address });
    const snapshot = fixture.snapshotOf(0);
    const wrong = snapshot.map((byte, i) => (i === 100 ? byte ^ 1 : byte));
    await rig.aggregator.publishObject(fixture.descriptor);
    await rig.aggregator.publishObject(fixture.kernelBytes);
    await rig.aggregator.publishObject(wrong, sha256(snapshot));
    await rig.aggregator.announce(fixture.announcementOf(0));
    await rig.until('the birth', () => rig.aggregator.isAlive('one'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(rig.aggregator.uploads).toEqual([]);
    await rig.aggregator.publishObject(snapshot);
    await rig.until('the upload', () => rig.aggregator.uploads.length > 0);
  });

  it('an announcement whose objects never come is overtaken by the next', async () => {
    const port = await rig.plugIn(v8Device('one'));
    rig.bridge({ port: port.address });
    await rig.aggregator.announce(fixture.announcementOf(0));
    await rig.until('the birth', () => rig.aggregator.isAlive('one'));
    await rig.aggregator.publishVersion(1);
    await rig.until('the upload', () => rig.aggregator.uploads.length > 0);
    expect(rig.aggregator.uploads[0].envelope.version).toBe(1);
  });
});
