/** `linnet devices --mqtt`: how the nodes of a federation are, as their bridges have told the broker. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { logLevel, nodeState, resetReason } from '../contract/contract.gen.js';
import type { Birth, Death, NodeStatus, Score } from '../contract/contract.gen.js';
import { LinnetError, statusName } from '../contract/error.js';
import { matchTopic, topicOf, type TopicScope } from '../contract/topics.js';
import { decodeWire } from '../contract/wire.js';
import { connectMqtt } from '../mqtt/connect.js';
import type { MqttOptions } from '../mqtt/session.js';
import { parseMqttUrl } from '../mqtt/url.js';
import { describeFault, nameOf } from './faults.js';
import { byteSize, percent, type Column, type Output } from './output.js';

/** Nothing says which retained message is the last: this long without a topic that is new. */
const calmMs = 500;

interface KnownNode {
  birth?: Birth;
  death?: Death;
  status?: NodeStatus;
}

const columns: readonly Column[] = [
  { title: 'node', width: 16 },
  { title: 'state', width: 9 },
  { title: 'version', width: 7, align: 'right' },
  { title: 'reset', width: 8 },
  { title: 'starts', width: 6, align: 'right' },
  { title: 'heap', width: 9, align: 'right' },
  { title: 'stack', width: 9, align: 'right' },
  { title: 'MQTT up', width: 9, align: 'right' },
  { title: 'MQTT down', width: 9, align: 'right' },
  { title: 'global', width: 7, align: 'right' },
  { title: 'personalised', width: 12, align: 'right' },
  { title: 'last log', width: 8 },
];

function take(nodes: Map<string, KnownNode>, scope: TopicScope, topic: string, bytes: Uint8Array) {
  for (const name of ['birth', 'death', 'status'] as const) {
    const node = matchTopic(name, scope, topic)?.['node'];
    if (node === undefined || bytes.length === 0) continue;
    const known = nodes.get(node) ?? {};
    nodes.set(node, known);
    if (name === 'birth') known.birth = decodeWire('Birth', bytes);
    else if (name === 'death') known.death = decodeWire('Death', bytes);
    else known.status = decodeWire('NodeStatus', bytes);
  }
}

async function readNodes(
  options: MqttOptions,
  federation: string,
): Promise<Map<string, KnownNode>> {
  const scope = { base: parseMqttUrl(options.url).base, federation };
  const nodes = new Map<string, KnownNode>();
  const session = await connectMqtt(options);
  try {
    let lastMs = Date.now();
    const topics = new Set<string>();
    session.onMessage((topic, bytes) => {
      if (!topics.has(topic)) lastMs = Date.now();
      topics.add(topic);
      try {
        take(nodes, scope, topic, bytes);
      } catch {
        // What a stranger wrote there says nothing about a node.
      }
    });
    for (const name of ['birth', 'death', 'status']) await session.subscribe(topicOf(name, scope));
    while (Date.now() - lastMs < calmMs) await delay(50);
  } finally {
    await session.close();
  }
  return nodes;
}

function isAlive({ birth, death }: KnownNode): boolean {
  return birth !== undefined && (death === undefined || death.sequence < birth.sequence);
}

/** Words whose error feedback was cut: what they leave out is lost. */
export const describeSaturations = (words: number): string =>
  `${words} words of the last one were limited: give the sparse codec a higher density`;

/** NaN, which percent() shows as a dash, where a node has not said it. */
const accuracyOf = (score: Score | undefined): number =>
  score ? score.correct / score.samples : NaN;

function printNode(output: Output, node: string, known: KnownNode): void {
  const { status } = known;
  const state = !isAlive(known) ? 'gone' : status ? nameOf(nodeState, status.state) : 'unknown';
  output.record({ type: 'node', node, isAlive: isAlive(known), ...status });
  if (!status) return output.tableRow(columns, [node, state]);
  const { version, bootEpoch, heapHighWaterBytes, stackHighWaterBytes, traffic, log } = status;
  const { global, personalised } = status;
  output.tableRow(columns, [
    ...[node, state, version, nameOf(resetReason, status.resetReason), bootEpoch],
    ...[byteSize(heapHighWaterBytes), byteSize(stackHighWaterBytes)],
    ...[byteSize(traffic.mqttUp), byteSize(traffic.mqttDown)],
    ...[percent(accuracyOf(global)), percent(accuracyOf(personalised)), log ?? ''],
  ]);
  if (status.lastError > 0) output.line(`  last error: ${statusName(-status.lastError)}`);
  if (status.residualSaturations !== undefined)
    output.line(`  residual: ${describeSaturations(status.residualSaturations)}`);
  if (status.fault) {
    output.line(`  before start ${status.fault.bootEpoch} ${describeFault(status.fault)}`);
  }
}

async function findNodes(
  mqtt: Omit<MqttOptions, 'clientId'>,
  federation: string,
): Promise<Map<string, KnownNode>> {
  const clientId = `linnet-devices-${randomUUID()}`;
  const nodes = await readNodes({ ...mqtt, clientId }, federation);
  if (nodes.size > 0) return nodes;
  throw new LinnetError('ERR_NO_DEVICE', `the broker knows no node of ${federation}`, {
    remedy: 'check --federation and the base of --mqtt, and that bridges run',
  });
}

/** The last lines of LOG of one node. Throws ERR_NO_DEVICE if the broker does not know it. */
export async function printLog(
  mqtt: Omit<MqttOptions, 'clientId'>,
  federation: string,
  node: string,
  output: Output,
): Promise<void> {
  const nodes = await findNodes(mqtt, federation);
  const known = nodes.get(node);
  if (!known) {
    throw new LinnetError('ERR_NO_DEVICE', `the broker knows no ${node} in ${federation}`, {
      remedy: `choose one of ${[...nodes.keys()].sort().join(', ')}`,
    });
  }
  for (const line of known.status?.lines ?? []) {
    output.record({ type: 'log', node, ...line });
    const seconds = (line.atMs / 1000).toFixed(3).padStart(12);
    output.line(`${seconds} s  ${nameOf(logLevel, line.level).padEnd(5)}  ${line.text}`);
  }
}

/** Throws ERR_NO_DEVICE if the broker knows no node of the federation. */
export async function listFleet(
  mqtt: Omit<MqttOptions, 'clientId'>,
  federation: string,
  output: Output,
): Promise<void> {
  const nodes = await findNodes(mqtt, federation);
  output.tableHead(columns);
  for (const [node, known] of [...nodes].sort(([a], [b]) => (a < b ? -1 : 1)))
    printNode(output, node, known);
}
