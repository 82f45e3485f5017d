/** What a bridge tells of its nodes: health, last words, faults, and bytes counted where they are spent. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeState, receipt, resetReason, task } from '../../host/contract/contract.gen.js';
import type { Counters, NodeStatus } from '../../host/contract/contract.gen.js';
import { topicOf } from '../../host/contract/topics.js';
import { decodeWire } from '../../host/contract/wire.js';
import { packagePath } from '../../host/kernel/load.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import type { MqttSession } from '../../host/mqtt/session.js';
import { parseRecords, runCli } from '../e2e/process.js';
import { Scene } from '../e2e/scene.js';
import { hasQemu } from '../e2e/toolchains.js';
import { findFreePort } from '../mqtt/mosquitto.js';
import * as fixture from '../node/fixture.js';
import type { DevicePort } from './device-port.js';
import { ScriptedDevice, v8Device } from './devices.js';
import { jumpTo } from './gdb.js';
import { Rig } from './rig.js';
import { scope, type ArrivedUpload } from './scripted-aggregator.js';

let rig: Rig;
let reader: MqttSession;
let statuses: Map<string, NodeStatus>;

beforeEach(async () => {
  rig = await Rig.start();
  statuses = new Map();
  reader = await connectMqtt({ url: rig.broker.url, clientId: 'reader' });
  reader.onMessage((topic, payload) => {
    statuses.set(topic.split('/').at(-2)!, decodeWire('NodeStatus', payload));
  });
  await reader.subscribe(topicOf('status', scope));
});
afterEach(async () => {
  await reader.close();
  await rig.close();
});

const status = (node: string): NodeStatus | undefined => statuses.get(node);
const uploads = (): readonly ArrivedUpload[] => rig.aggregator.uploads;

const listFleet = (...flags: string[]): Promise<string> =>
  runDevices('--mqtt', rig.broker.url, '--federation', scope.federation, ...flags);

/** As `linnet devices` shows it on its port. */
const readDevice = (port: DevicePort): Promise<string> => runDevices('--port', port.address);

async function runDevices(...flags: string[]): Promise<string> {
  const scene = new Scene();
  try {
    const ended = await runCli(scene, ['devices', ...flags]);
    expect(ended).toMatchObject({ code: 0 });
    return ended.stdout;
  } finally {
    await scene.end();
  }
}

/** What a confusion matrix of the three classes says, and as a cell of `linnet devices`. */
function scoreIn({ samples, confusion = [] }: Counters): [score: object, cell: string] {
  const correct = confusion[0] + confusion[4] + confusion[8];
  return [{ samples, correct }, `${((100 * correct) / samples).toFixed(1)} %`];
}

/** As `linnet devices` shows it, then and when it is gone. */
async function expectListed(port: DevicePort, node: string): Promise<void> {
  const text = await listFleet();
  expect(text).toMatch(/^one {2,}\S+ +\d+ +watchdog +7 .* B .*é/m);
  expect(text).toContain('before start 7 ended by fault in state train, pc 0x00000001');
  const [record] = parseRecords(await listFleet('--json'));
  expect(record).toMatchObject({ type: 'node', node, isAlive: true, bootEpoch: 7 });
  await port.close();
  await rig.until('the death', () => !rig.aggregator.isAlive(node));
  expect(await listFleet()).toMatch(/^one +gone/m);
}

describe('the status of a node', () => {
  it('has what its device says of itself, and its last line', async () => {
    const device = new ScriptedDevice({ node: 'one', bootEpoch: 7, resetReason: 2 });
    const port = await rig.plugIn(device.program);
    rig.bridge({ port: port.address });
    await rig.until('a status', () => status('one') !== undefined);
    expect(status('one')).toMatchObject({ bootEpoch: 7, resetReason: resetReason.WATCHDOG });
    expect(status('one')!.log).toBeUndefined();
    device.log(1, 'the sensor is warm');
    device.log(0, `${'é'.repeat(150)}`);
    await rig.until('the log', () => status('one')!.log !== undefined);
    await rig.until('the last line', () => status('one')!.log!.startsWith('é'));
    expect(status('one')!.log).toBe('é'.repeat(100));
    expect(rig.logs).toContain('one [1]: the sensor is warm');
    expect(status('one')!.lines!.map(({ level }) => level)).toEqual([1, 0]);
    const fault = {
      reason: 3,
      state: 4,
      pc: 1,
      lr: 2,
      cause: 3,
      hardFault: 4,
      address: 2 ** 32 - 1,
    };
    expect((await device.ask('FAULT', fault)).status).toBe(0);
    await rig.until('the fault', () => status('one')!.fault !== undefined);
    expect(status('one')!.fault).toEqual({ ...fault, bootEpoch: 7 });
    await expectListed(port, 'one');
  });

  it('is of this device, not of the one before it on the port', async () => {
    const device = new ScriptedDevice({ node: 'old' });
    const port = await rig.plugIn(device.program);
    rig.bridge({ port: port.address });
    await rig.until('a status', () => status('old') !== undefined);
    device.log(2, 'the old one');
    await rig.until('the line', () => status('old')!.log === 'the old one');
    device.hello = { node: 'new' };
    port.cut();
    await rig.until('a status', () => status('new') !== undefined);
    expect(status('new')!.log).toBeUndefined();
    device.log(2, 'the new one');
    await rig.until('the line', () => status('new')!.log === 'the new one');
    expect(status('new')!.lines).toHaveLength(1);
  });

  it('has the words of its residual that were limited', async () => {
    const device = new ScriptedDevice({ node: 'one' });
    device.condition = {
      ...{ state: nodeState.IDLE, lastError: 0, version: 3, step: 0, totalSteps: 0 },
      ...{ heapHighWaterBytes: 1, stackHighWaterBytes: 2, badFrames: 0 },
      residualSaturations: 0,
    };
    const port = await rig.plugIn(device.program);
    rig.bridge({ port: port.address });
    await rig.until('a status', () => status('one')?.version === 3);
    expect(status('one')!.residualSaturations).toBeUndefined();
    expect(await listFleet()).not.toContain('residual');
    device.condition = { ...device.condition, residualSaturations: 12 };
    await rig.until('the words', () => status('one')!.residualSaturations === 12);
    expect(await listFleet()).toContain('  residual: 12 words of the last one were limited');
    expect(await readDevice(port)).toMatch(/^residual {4}12 words of the last one/m);
  });

  it('has the last twenty lines of its device, each with its time', async () => {
    const device = new ScriptedDevice({ node: 'one' });
    const port = await rig.plugIn(device.program);
    rig.bridge({ port: port.address });
    await rig.until('a status', () => status('one') !== undefined);
    for (let i = 0; i < 25; i++) device.log(2, `line ${i}`);
    await rig.until('the last line', () => status('one')!.log === 'line 24');
    const lines = status('one')!.lines!;
    expect(lines.map(({ text }) => text)).toEqual(
      Array.from({ length: 20 }, (_, i) => `line ${i + 5}`),
    );
    const times = lines.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(0);
    const rows = (await listFleet('--log', 'one')).trimEnd().split('\n');
    expect(rows).toHaveLength(20);
    expect(rows[0]).toMatch(/^ +\d+\.\d{3} s {2}info {3}line 5$/);
    expect(parseRecords(await listFleet('--json', '--log', 'one')).at(-1)).toMatchObject({
      ...{ type: 'log', node: 'one', level: 2, text: 'line 24' },
    });
  });

  it('has the accuracies its last upload with scores counted', async () => {
    const port = await rig.plugIn(v8Device('one'));
    rig.bridge({ port: port.address });
    const work = async (version: number, id: number): Promise<ArrivedUpload> => {
      await rig.aggregator.publishVersion(version, { plan: { ...fixture.defaultPlan, task: id } });
      const find = () => uploads().find(({ envelope }) => envelope.version === version);
      await rig.until('the upload', () => find() !== undefined);
      await rig.aggregator.giveReceipt(find()!, receipt.ACCEPTED);
      await rig.until('the round', () => status('one')?.roundVersion === version);
      return find()!;
    };
    await work(0, task.TRAIN);
    expect(status('one')!.scoredVersion).toBeUndefined();
    expect(await listFleet()).toMatch(/^one .* – +–$/m);
    const { evaluation, personal } = (await work(1, task.PERSONALISE)).envelope;
    const [global, globalCell] = scoreIn(evaluation!);
    const [personalised, personalisedCell] = scoreIn(personal!);
    expect(globalCell).not.toBe(personalisedCell);
    expect(status('one')).toMatchObject({ scoredVersion: 1, global, personalised });
    const row = (before: string, after: string) => new RegExp(`^one .* ${before} +${after}$`, 'm');
    expect(await listFleet()).toMatch(row(globalCell, personalisedCell));
    const [record] = parseRecords(await listFleet('--json'));
    expect(record).toMatchObject({ scoredVersion: 1, global, personalised });
    const [later, laterCell] = scoreIn((await work(2, task.BOTH)).envelope.evaluation!);
    await work(3, task.TRAIN);
    expect(status('one')).toMatchObject({ roundVersion: 3, scoredVersion: 2, global: later });
    expect(status('one')!.personalised).toBeUndefined();
    expect(await listFleet()).toMatch(row(laterCell, '–'));
  });

  it('has the last version soon after its device has installed it, although no receipt comes', async () => {
    rig.timing = { ...rig.timing, statusMs: 60_000 };
    const port = await rig.plugIn(v8Device('one'));
    rig.bridge({ port: port.address });
    await rig.aggregator.publishVersion(0);
    await rig.until('the upload', () => uploads().length > 0);
    await rig.aggregator.giveReceipt(uploads()[0], receipt.ACCEPTED);
    await rig.until('the round', () => status('one')?.roundVersion === 0);
    await rig.aggregator.publishVersion(1, { plan: { ...fixture.defaultPlan, task: task.NONE } });
    await rig.until('the version', () => status('one')?.version === 1);
    expect(status('one')!.roundVersion).toBe(0);
  });

  it('counts a round from receipt to receipt: payload, link and MQTT', async () => {
    const port = await rig.plugIn(v8Device('one'));
    const bridge = rig.bridge({ port: port.address });
    const announcement = await rig.aggregator.publishVersion(0);
    await rig.until('the upload', () => uploads().length > 0);
    const given = await rig.aggregator.giveReceipt(uploads()[0], receipt.ACCEPTED);
    await rig.until('the round', () => status('one')?.roundVersion === 0);
    const { round, state, version } = status('one')!;
    expect({ state, version }).toEqual({ state: nodeState.IDLE, version: 0 });
    const sent = uploads().reduce((sum, { bytes }) => sum + bytes.length, 0);
    const { stats } = bridge.report[0];
    const fetched = stats.downlinkBytes - announcement.length - given.length;
    expect(round).toMatchObject({
      payloadUp: sent,
      payloadDown: announcement.length + given.length + fetched,
    });
    expect(fetched).toBeGreaterThan(fixture.kernelBytes.length);
    // Framing and headers cost something, and not much.
    expect(round!.linkUp).toBeGreaterThan(uploads()[0].bytes.length);
    expect(round!.linkDown).toBeGreaterThan(fetched);
    expect(round!.linkDown).toBeLessThan(1.2 * fetched);
    const topics = uploads().reduce((sum, { topic }) => sum + topic.length, 0);
    expect(round!.mqttUp).toBeGreaterThan(sent + topics);
    expect(round!.mqttDown).toBeGreaterThan(fetched + announcement.length);
    expect(round!.mqttDown).toBeLessThan(1.1 * (fetched + announcement.length) + 1000);
    const first = round!;
    await rig.aggregator.publishVersion(1);
    await rig.until('the upload', () => uploads().some(({ envelope }) => envelope.version === 1));
    await rig.aggregator.giveReceipt(uploads().at(-1)!, receipt.STALE);
    await rig.until('the round', () => status('one')?.roundVersion === 1);
    // The kernel is there already.
    expect(status('one')!.round!.payloadDown).toBeLessThan(first.payloadDown / 2);
    const { traffic, round: second } = status('one')!;
    expect(traffic.payloadUp).toBeGreaterThanOrEqual(first.payloadUp + second!.payloadUp);
  });
});

describe.runIf(hasQemu)('a fault of a Cortex-M4', () => {
  it('is told once, after the restart, with the registers it found', async () => {
    const gdb = await findFreePort();
    const image = packagePath('build/firmware/qemu-mps2-m4/linnet-node.elf');
    const command = `qemu-system-arm -M mps2-an386 -kernel "${image}" -display none -monitor none -serial stdio -gdb tcp:127.0.0.1:${gdb}`;
    rig.bridge({ port: `exec:${command}`, node: 'board' });
    await rig.until('the board', () => status('board')?.bootEpoch === 1);
    expect(status('board')!.fault).toBeUndefined();
    expect(status('board')!.stackHighWaterBytes).toBeGreaterThan(0);
    const nowhere = 0xf0000000;
    await jumpTo(gdb, nowhere);
    await rig.until('the fault', () => status('board')?.fault !== undefined);
    const { bootEpoch, resetReason: reason, fault } = status('board')!;
    expect({ bootEpoch, reason }).toEqual({ bootEpoch: 2, reason: resetReason.FAULT });
    // IACCVIOL of MemManage, escalated: FORCED.
    expect(fault).toMatchObject({
      ...{ bootEpoch: 2, reason: resetReason.FAULT, state: nodeState.IDLE },
      ...{ pc: nowhere, cause: 1, hardFault: 2 ** 30 },
    });
    expect(fault!.lr).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(rig.faults).toEqual(['board']);
  });
});
