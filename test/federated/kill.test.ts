import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { receipt } from '../../host/contract/contract.gen.js';
import { idOf, toHex } from '../../host/contract/hash.js';
import { Audit } from '../../host/federated/audit.js';
import { faultPointNames, type FaultPointName } from '../../host/federated/fault-point.js';
import { Ledger } from '../../host/federated/ledger.js';
import { replayStore } from '../../host/federated/replay.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { packRoundKey } from '../../host/proof/delegation.js';
import { brokerCases, type BrokerCase } from '../mqtt/brokers.js';
import { waitFor } from '../mqtt/wait.js';
import { root, roundKeyOf } from '../proof/fixture.js';
import type { ChildSettings } from './aggregator-child.js';
import { compileChild, type CompiledChild } from './compile-child.js';
import { cohort, expectedHashes } from './federation.js';
import { slicedDescriptor } from './fixture.js';
import { ScriptedNode } from './scripted-node.js';

const model = parseDescriptor(slicedDescriptor);

let child: CompiledChild;
beforeAll(() => {
  const rooms = ['contract', 'durable', 'federated', 'kernel', 'model', 'mqtt', 'proof'];
  const host = rooms.map((room) => `host/${room}`);
  const entry = join(import.meta.dirname, 'aggregator-child.ts');
  const tests = ['federated', 'mqtt', 'node', 'oracle'].map((room) => `test/${room}`);
  child = compileChild(entry, [...host, ...tests]);
});
afterAll(() => child.remove());

let cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
}

class Life {
  readonly outcome: Promise<Outcome>;
  readonly #child;
  #output = '';
  #errors = '';

  constructor(settings: ChildSettings, faultPoint?: string) {
    const env = { ...process.env, ...(faultPoint && { LINNET_FAULT_POINT: faultPoint }) };
    const args = [child.path, JSON.stringify(settings)];
    this.#child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.outcome = new Promise((resolve) =>
      this.#child.once('close', (code, signal) =>
        resolve({ code, signal, output: this.#output, errors: this.#errors }),
      ),
    );
    cleanups.push(() => void this.#child.kill('SIGKILL'));
  }

  get isStarted(): boolean {
    return this.#output.includes('started');
  }

  kill(): Promise<Outcome> {
    this.#child.kill('SIGKILL');
    return this.outcome;
  }
}

/** A federation whose nodes live on while its aggregator dies again and again. */
async function openFederation(broker: BrokerCase, rounds: number) {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-kill-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const { protocolVersion } = broker;
  const running = await broker.start();
  cleanups.push(() => running.close());
  const { url } = running;
  const { parameters } = model;
  const nodes = await Promise.all(
    cohort.map((name) => ScriptedNode.start({ url, protocolVersion, name, parameters })),
  );
  cleanups.push(() => Promise.all(nodes.map((node) => node.close())));
  const roundKey = packRoundKey(roundKeyOf(1, root, 'test'));
  const settings: ChildSettings = { folder, url, protocolVersion, rounds, roundKey };
  return { settings, nodes, store: join(folder, 'store') };
}

/** Nothing lost, nothing twice: the ledger has every promise, every version is its average, and signed. */
function expectWholeLedger(store: string, nodes: readonly ScriptedNode[], rounds: number): void {
  const identity = { federation: 'test', model: model.hash };
  const ledger = Ledger.open(store, identity);
  for (let version = 0; version < rounds; version++) {
    const uploads = [...ledger.uploadsOf(version)];
    expect(uploads.map(({ node }) => node).sort()).toEqual(cohort);
    for (const { name, receipts } of nodes) {
      const known = toHex(idOf(uploads.find(({ node }) => node === name)!.hash));
      for (const { code, upload } of receipts.filter((entry) => entry.version === version)) {
        expect([receipt.ACCEPTED, receipt.DUPLICATE]).toContain(code);
        expect(toHex(upload)).toBe(known);
      }
    }
  }
  expect([...ledger.uploadsOf(rounds)]).toEqual([]);
  ledger.close();
  const replayed = [...replayStore(store)];
  expect(replayed.map(({ published }) => published)).toEqual(
    expectedHashes(rounds, slicedDescriptor),
  );
  expect(replayed.every(({ isEqual }) => isEqual)).toBe(true);
  const audit = Audit.open(store, [root]);
  expect([...audit.versions()].map(({ fault }) => fault)).toEqual(Array(rounds + 1));
  audit.close();
}

/**
 * Where to kill, and at which passing: what a start passes too is counted so that the kill lands
 * when a version closes. The first has a fourth object: the snapshot of version 1.
 */
const kills: readonly [FaultPointName, number][] = [
  ['before-object-rename', 4],
  ['before-commit', 1],
  ['after-commit', 2],
  ['before-receipt', 1],
  ['after-receipt', 2],
  ['after-snapshot-file', 1],
  ['after-difference-file', 1],
  ['before-version-commit', 1],
  ['after-version-commit', 1],
  ['between-slices', 3],
  ['between-objects-and-announcement', 2],
  ['after-announcement', 2],
  ['before-clear', 2],
  // At a start, which ends what the kill before it left.
  ['after-clear', 1],
];

describe('an aggregator that is killed', { timeout: 120_000 }, () => {
  const [embedded] = brokerCases;
  const real = brokerCases.at(-1)!;

  it('ends with the hash of an undisturbed run, killed at every named point', async () => {
    expect(new Set(kills.map(([name]) => name))).toEqual(new Set(faultPointNames));
    const rounds = 12;
    const undisturbed = await openFederation(embedded, rounds);
    const whole = await new Life(undisturbed.settings).outcome;
    expect(whole.output).toBe(`started\n${expectedHashes(rounds, slicedDescriptor)[rounds]}\n`);
    const { settings, nodes, store } = await openFederation(embedded, rounds);
    for (const [name, count] of kills) {
      const { signal, errors, output } = await new Life(settings, `${name}:${count}`).outcome;
      expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: `killed at ${name}\n` });
      expect(output.replace('started\n', '')).toBe('');
    }
    const last = await new Life(settings).outcome;
    expect(last).toEqual(whole);
    expect(last).toMatchObject({ code: 0, errors: '' });
    expectWholeLedger(store, nodes, rounds);
  });

  it('ends with the same hash, killed at random times', async () => {
    const rounds = 16;
    const { settings, nodes, store } = await openFederation(real, rounds);
    const reached = (version: number): boolean =>
      nodes.some(({ announcement }) => (announcement?.version ?? -1) >= version);
    for (const version of [0, 3, 6, 9]) {
      const life = new Life(settings);
      await waitFor(`version ${version}`, () => life.isStarted && reached(version), 30_000);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      const { signal, output } = await life.kill();
      // Landed: alive until then, and the federation not yet at its end.
      expect({ signal, output }).toEqual({ signal: 'SIGKILL', output: 'started\n' });
    }
    const last = await new Life(settings).outcome;
    expect(last.output).toBe(`started\n${expectedHashes(rounds, slicedDescriptor)[rounds]}\n`);
    expectWholeLedger(store, nodes, rounds);
  });
});
