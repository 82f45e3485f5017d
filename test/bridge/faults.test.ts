import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeStats } from '../../host/bridge/stats.js';
import { messageId, receipt, status } from '../../host/contract/contract.gen.js';
import { encodeWire } from '../../host/contract/wire.js';
import { packagePath } from '../../host/kernel/load.js';
import { startBroker } from '../../host/mqtt/broker.js';
import { waitFor } from '../mqtt/wait.js';
import * as fixture from '../node/fixture.js';
import { ScriptedDevice, v8Device } from './devices.js';
import { Rig } from './rig.js';
import { ScriptedAggregator } from './scripted-aggregator.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.start();
});
afterEach(() => rig.close());

const uploads = (): ScriptedAggregator['uploads'] => rig.aggregator.uploads;
const isUploaded = (): boolean => uploads().length > 0;
const born = (node: string): boolean => rig.aggregator.isAlive(node);

/** An envelope as a node would write it, around no delta. */
function someEnvelope(version = 0): Uint8Array {
  return encodeWire('Envelope', {
    format: 2,
    epoch: 0,
    version,
    artefact: new Uint8Array(8),
    contribution: 0,
    kernel: 0,
    samples: 1,
    codec: 255,
    payload: new Uint8Array(),
  });
}

describe('without a receipt', () => {
  it('an upload is published again, with one it is not', async () => {
    const port = await rig.plugIn(v8Device('one'));
    const bridge = rig.bridge({ port: port.address });
    const stats = (): NodeStats => bridge.report[0].stats;
    await rig.aggregator.publishVersion(0);
    await rig.until('three uploads', () => uploads().length >= 3);
    for (const { bytes } of uploads()) expect(bytes).toEqual(uploads()[0].bytes);
    await rig.aggregator.giveReceipt(uploads()[0], receipt.LATER, 100);
    const count = uploads().length;
    await rig.until('more after LATER', () => uploads().length > count);
    await rig.aggregator.giveReceipt(uploads()[0], receipt.ACCEPTED);
    await rig.until('the receipt', () => stats().receipts['ACCEPTED'] === 1);
    await rig.until('what was on its way', () => uploads().length === stats().uploads);
    const last = uploads().length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(uploads()).toHaveLength(last);
  });
});

describe('a pulled cable', () => {
  it('is a death, the way back a birth, and the round goes on', async () => {
    const port = await rig.plugIn(v8Device('one'));
    const bridge = rig.bridge({ port: port.address });
    await rig.until('the birth', () => born('one'));
    port.cut();
    await rig.until('the death', () => rig.aggregator.history.includes('death one'));
    await rig.until('the birth', () => born('one'));
    await rig.aggregator.publishVersion(0);
    await rig.until('the upload', isUploaded);
    port.cut();
    await rig.until('another start', () => port.starts === 3);
    await rig.until('the birth', () => born('one'));
    await rig.until('another upload', () => uploads().length > 2);
    expect(new Set(uploads().map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(1);
    expect(bridge.report[0].stats.reconnects).toBe(2);
    expect(rig.aggregator.history.slice(0, 3)).toEqual(['birth one', 'death one', 'birth one']);
  });

  it('is found out when the device falls silent', async () => {
    const device = new ScriptedDevice({ node: 'quiet' });
    const port = await rig.plugIn(device.program);
    rig.bridge({ port: port.address });
    await rig.until('the birth', () => born('quiet'));
    device.answer = () => undefined;
    await rig.until('the death', () => !born('quiet'));
    device.answer = () => status.OK;
    await rig.until('the birth', () => born('quiet'));
    expect(port.starts).toBeGreaterThan(1);
  });
});

describe('an announcement', () => {
  it('is repeated until the device answers, and again after it started anew', async () => {
    const device = new ScriptedDevice({ node: 'deaf', kernelHash: fixture.kernelHash });
    const heard: number[] = [];
    device.answer = (id) => {
      if (id === messageId.ANNOUNCE) heard.push(id);
      return id === messageId.ANNOUNCE && heard.length <= 6 ? undefined : status.OK;
    };
    const bytes = await rig.aggregator.publishVersion(0);
    const port = await rig.plugIn(device.program);
    rig.bridge({ port: port.address });
    await rig.until('the announcement', () => device.announcements.length === 1);
    expect(device.announcements[0]).toEqual(new Uint8Array(bytes));
    await device.sayHello({ node: 'deaf', bootEpoch: 2, kernelHash: fixture.kernelHash });
    await rig.until('the announcement', () => device.announcements.length === 2);
  });

  it('that the device refuses is not repeated before its next HELLO', async () => {
    const device = new ScriptedDevice({ node: 'picky' });
    device.answer = (id) => (id === messageId.ANNOUNCE ? status.ERR_UNSUPPORTED : status.OK);
    const port = await rig.plugIn(device.program);
    rig.bridge({ port: port.address });
    await rig.aggregator.publishVersion(0);
    await rig.until('the announcement', () => device.announcements.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(device.announcements).toHaveLength(1);
    expect(rig.logs.join()).toContain('refused ANNOUNCE');
    await device.sayHello({ node: 'picky' });
    await rig.until('the announcement', () => device.announcements.length === 2);
  });
});

describe('a broker', () => {
  it('that restarts finds the node again, and the upload without a receipt', async () => {
    const device = new ScriptedDevice({ node: 'one' });
    const port = await rig.plugIn(device.program);
    rig.bridge({ port: port.address });
    await rig.until('the birth', () => born('one'));
    await rig.broker.close();
    const envelope = someEnvelope();
    await device.upload(envelope);
    rig.broker = await startBroker({ port: rig.broker.port });
    await rig.until('the upload', isUploaded);
    expect(uploads()[0].bytes).toEqual(new Uint8Array(envelope));
    const late = await ScriptedAggregator.connect(rig.broker.url, 'late');
    await rig.until('the birth', () => late.isAlive('one'));
    const given = await rig.aggregator.giveReceipt(uploads()[0], receipt.ACCEPTED);
    await rig.until('the receipt', () => device.receipts.length > 0);
    expect(device.receipts[0]).toEqual(new Uint8Array(given));
    await late.close();
  });

  it('that is away when the first device comes is waited for', async () => {
    const device = new ScriptedDevice();
    const port = await rig.plugIn(device.program);
    rig.bridge({ port: port.address });
    await rig.until('the link', () => port.starts === 1);
    await rig.broker.close();
    expect((await device.sayHello({ node: 'early' })).status).toBe(status.OK);
    await rig.until('an attempt', () => rig.logs.some((line) => line.startsWith('early: ')));
    await device.upload(someEnvelope());
    rig.broker = await startBroker({ port: rig.broker.port });
    await rig.until('the birth', () => born('early'));
    await rig.until('the upload', isUploaded);
    expect(rig.failure).toBeUndefined();
  });

  it('that is not there at the start ends the bridge with ERR_MQTT', async () => {
    const { broker } = rig;
    await broker.close();
    rig.bridge({ port: 'exec:never-started' });
    await rig.until('the end', () => rig.failure !== undefined);
    expect(rig.failure).toMatchObject({ code: 'ERR_MQTT' });
    rig.broker = await startBroker({ port: broker.port });
  });
});

describe('a bridge', () => {
  it('that is killed leaves a death; the next one finds everything retained', async () => {
    const port = await rig.plugIn(v8Device('one'));
    const script = packagePath('test/bridge/run-bridge.ts');
    const settings = {
      federation: fixture.federation,
      mqtt: { url: rig.broker.url },
      devices: [{ port: port.address }],
    };
    const words = ['--import', 'tsx', script, JSON.stringify(settings)];
    const killed = spawn(process.execPath, words, { cwd: packagePath('.'), stdio: 'inherit' });
    await rig.aggregator.publishVersion(0);
    await waitFor('the upload', isUploaded, 20_000);
    const before = rig.aggregator.nodes.get('one')!.birth!;
    killed.kill('SIGKILL');
    await rig.until('the death', () => !born('one'));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const count = uploads().length;
    rig.bridge({ port: port.address });
    await rig.until('the birth', () => born('one'));
    expect(rig.aggregator.nodes.get('one')!.birth!.sequence).toBeGreaterThan(before.sequence);
    await rig.until('the upload again', () => uploads().length > count);
    expect(uploads().at(-1)!.bytes).toEqual(uploads()[0].bytes);
  });

  it('gives up on a port that cannot be opened, and on a device that never says a word', async () => {
    rig.bridge({ port: 'unix:///no/such/socket' });
    await rig.until('the end', () => rig.failure !== undefined);
    expect(rig.failure).toMatchObject({ code: 'ERR_LINK' });
    rig.failure = undefined;
    rig.bridge({
      port: `exec:"${process.execPath}" -e "console.error('broken'); process.exit(1)"`,
    });
    await rig.until('the end', () => rig.failure !== undefined);
    expect(rig.failure).toMatchObject({
      code: 'ERR_LINK',
      remedy: expect.stringContaining('broken') as string,
    });
    rig.failure = undefined;
    rig.bridge({ port: `exec:"${process.execPath}" -e "process.kill(process.pid, 'SIGKILL')"` });
    await rig.until('the end', () => rig.failure !== undefined);
    expect(rig.failure).toMatchObject({
      remedy: expect.stringMatching(/none, .* ended with SIGKILL$/) as string,
    });
  });
});
