import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReceiptReport, RoundReport } from '../../host/federated/report.js';
import { Aggregator, type AggregatorOptions } from '../../host/federated/server.js';
import type { Timers } from '../../host/federated/timers.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import type { BrokerCase } from '../mqtt/brokers.js';
import type { TestBroker } from '../mqtt/mosquitto.js';
import { waitFor } from '../mqtt/wait.js';
import { aggregatorOptions, cohort, readRetained } from './federation.js';
import { smallDescriptor } from './fixture.js';
import { ScriptedNode, type ScriptedNodeOptions } from './scripted-node.js';

const model = parseDescriptor(smallDescriptor);

let cleanups: (() => Promise<unknown> | void)[] = [];

/** Runs after the test, the last first. */
export function defer(cleanup: () => Promise<unknown> | void): void {
  cleanups.push(cleanup);
}

/** For afterEach(). */
export async function endScene(): Promise<void> {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
}

/** A broker, a store and what runs on them, taken down after the test, clients first. */
export class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'linnet-federation-'));
  readonly rounds: RoundReport[] = [];
  readonly receipts: ReceiptReport[] = [];
  readonly warnings: string[] = [];

  constructor(
    readonly broker: BrokerCase,
    readonly running: TestBroker,
  ) {
    defer(() => rmSync(this.folder, { recursive: true, force: true }));
    defer(() => running.close());
  }

  options(changes: Partial<AggregatorOptions> = {}): AggregatorOptions {
    const { url } = this.running;
    const mqtt = { url, reconnectMs: 50, protocolVersion: this.broker.protocolVersion };
    return aggregatorOptions(this.folder, url, {
      mqtt,
      onRound: (report) => this.rounds.push(report),
      onReceipt: (report) => this.receipts.push(report),
      onWarning: (text) => this.warnings.push(text),
      ...changes,
    });
  }

  async aggregator(changes: Partial<AggregatorOptions> = {}): Promise<Aggregator> {
    const aggregator = await Aggregator.start(this.options(changes));
    defer(() => aggregator.close());
    return aggregator;
  }

  async node(name: string, changes: Partial<ScriptedNodeOptions> = {}): Promise<ScriptedNode> {
    const { url } = this.running;
    const { protocolVersion } = this.broker;
    const { parameters } = model;
    const node = await ScriptedNode.start({ url, protocolVersion, name, parameters, ...changes });
    defer(() => node.close());
    return node;
  }

  nodes(changes: Partial<ScriptedNodeOptions> = {}): Promise<ScriptedNode[]> {
    return Promise.all(cohort.map((name) => this.node(name, changes)));
  }

  /** A node that uploads only when told, and knows the announcement. */
  async idleNode(name: string): Promise<ScriptedNode> {
    const node = await this.node(name, { isDiligent: false });
    await waitFor('the announcement', () => node.announcement !== undefined);
    return node;
  }

  retained(): Promise<Map<string, Uint8Array>> {
    return readRetained(this.running.url, this.broker.protocolVersion);
  }
}

export async function openScene(broker: BrokerCase): Promise<Scene> {
  return new Scene(broker, await broker.start());
}

/** Timers that go off when told. */
export class ManualTimers implements Timers {
  readonly started: number[] = [];
  #run: (() => void) | undefined;
  now(): number {
    return 0;
  }
  start(delayMs: number, run: () => void): () => void {
    this.started.push(delayMs);
    this.#run = run;
    return () => (this.#run = undefined);
  }
  get isArmed(): boolean {
    return this.#run !== undefined;
  }
  goOff(): void {
    const run = this.#run!;
    this.#run = undefined;
    run();
  }
}
