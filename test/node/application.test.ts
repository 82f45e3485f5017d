/** What an application beside a node sees and does, on the real C. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  codec,
  nodeState,
  receipt,
  resetReason,
  status,
  task,
} from '../../host/contract/contract.gen.js';
import type { Announcement, Plan } from '../../host/contract/contract.gen.js';
import { sha256 } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import { writeFds1 } from '../../host/data/fds1.js';
import { Kernel } from '../../host/kernel/kernel.js';
import { loadKernelBytes, packagePath } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import { buildDescriptor, parseDescriptor } from '../../host/model/descriptor.js';
import { packSnapshot } from '../../host/model/snapshot.js';
import { buildNative } from '../../tools/build-native.mjs';
import { allow, hanging, trapping } from './bad-kernels.js';
import { expectedEnvelope } from './expectation.js';
import * as fixture from './fixture.js';
import { readModel } from '../oracle/descriptor.js';
import { whereNative } from './native.js';
import { ScriptedHost } from './scripted-host.js';

const accelerated = loadKernelBytes('accelerated');

/** As asking_application.c makes the inputs of a question. */
const questionOf = (question: number, inputs: number): Int8Array =>
  Int8Array.from(
    { length: inputs },
    (_, i) => (i * 37 + question * 11 + ((i * i * question) >> 4)) & 0xff,
  );

await whereNative(() => {
  const children: ChildProcess[] = [];
  let folder: string;
  let shard: string;
  let lines: string[];

  beforeEach(async () => {
    await buildNative(['linnet-asking', 'linnet-live']);
    folder = mkdtempSync(join(tmpdir(), 'linnet-application-'));
    shard = join(folder, 'shard.fds');
    writeFds1(shard, fixture.dataset);
    lines = [];
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  function start(program: string, ...args: string[]): ScriptedHost {
    const child = spawn(packagePath(`build/${program}`), ['--name', 'a', ...args], {
      stdio: 'pipe',
    });
    children.push(child);
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      lines = text.split('\n').map((line) => line.replace('linnet-node: ', ''));
    });
    child.stdin.on('error', () => undefined);
    return new ScriptedHost({
      send: (bytes) => void child.stdin.write(bytes),
      onBytes: (listener) => void child.stdout.on('data', (chunk: Buffer) => listener(chunk)),
    });
  }

  /** State, version, question and class of every answer so far. */
  const answers = (): number[][] =>
    lines
      .filter((line) => line.startsWith('answer '))
      .map((line) => Number(line.slice('answer '.length)))
      .map((n) => [n / 1e7, (n / 1e5) % 100, (n / 100) % 1000, n % 100].map(Math.floor));

  /** The answers, or those of one kind, are of these words. */
  async function expectAnswersOf(
    descriptor: Uint8Array,
    words: Int16Array,
    isMeant: (state: number, version: number) => boolean = () => true,
    announced = 0,
  ): Promise<void> {
    const kernel = new Kernel(await openV8Engine(fixture.kernelBytes));
    kernel.plan(descriptor);
    kernel.loadParameters(words);
    const classes = new Set<number>();
    for (const [state, version, question, predicted] of answers()) {
      if (!isMeant(state, version)) continue;
      const expected = kernel.infer(questionOf(question, fixture.inputs));
      expect([state, version, question, predicted]).toEqual([state, announced, question, expected]);
      classes.add(predicted);
    }
    expect(classes.size).toBeGreaterThan(1);
    kernel.close();
  }

  interface Case {
    readonly name: string;
    readonly descriptor?: Uint8Array;
    readonly kernel?: Announcement['kernels'][number] & { readonly wasm: Uint8Array };
    readonly plan?: Partial<Plan>;
    readonly pulls?: boolean;
  }

  const cases: readonly Case[] = [
    { name: 'a dense net, raw' },
    { name: 'a dense net, coded', plan: { codec: codec.DENSE_4 } },
    { name: 'a dense net, pulled toward its base', plan: { proximalShift: 3 } },
    { name: 'samples that are pulled', pulls: true, plan: { codec: codec.RICE_INT16 } },
    { name: 'a conv net', descriptor: fixture.convolutional },
    {
      name: 'a conv net, accelerated',
      descriptor: fixture.convolutional,
      kernel: { ...allow(accelerated, 1), wasm: accelerated },
      plan: { codec: codec.DENSE_4 },
    },
  ];

  describe('an application that asks after every step', () => {
    it.each(cases)(
      'gets the installed model’s answers, and changes no bit: $name',
      async (entry) => {
        const { descriptor = fixture.descriptor, kernel, plan = {}, pulls = false } = entry;
        const wasm = kernel?.wasm ?? fixture.kernelBytes;
        const words = fixture.wordsOf(0, descriptor);
        const snapshot = packSnapshot(parseDescriptor(descriptor).hash, words);
        const announcement = fixture.announcementOf(
          0,
          { task: task.BOTH, epochs: 2, ...plan },
          {
            kernels: [allow(wasm, kernel?.intrinsicSet ?? 0)],
            descriptorHash: sha256(descriptor),
            descriptorBytes: descriptor.length,
            artefactHash: sha256(snapshot),
            artefactBytes: snapshot.length,
          },
        );
        const host = start('linnet-asking', ...(pulls ? [] : ['--data', shard]));
        host.samples = fixture.dataset;
        host.hello = {
          ...host.hello,
          trainSamples: fixture.trainSamples,
          testSamples: fixture.testSamples,
        };
        host.serve(wasm, descriptor, snapshot);
        expect(await host.announce(announcement)).toBe(status.OK);
        await host.until('the upload', () => host.uploads.length > 0);
        expect(host.uploads[0]).toEqual(
          expectedEnvelope({
            announcement,
            node: 'a',
            descriptor,
            words,
            dataset: fixture.dataset,
            kernelHash: sha256(wasm),
          }),
        );
        expect(await host.giveReceipt(receipt.ACCEPTED, host.uploads[0])).toBe(status.OK);
        const states = (): Set<number> => new Set(answers().map(([state]) => state));
        await host.until('an answer at rest', () => states().has(nodeState.IDLE));
        const { EVALUATE, TRAIN, UPLOAD } = nodeState;
        for (const state of [EVALUATE, TRAIN, UPLOAD]) expect(states()).toContain(state);
        expect(lines.filter((line) => line.startsWith('refused'))).toEqual([]);
        await expectAnswersOf(descriptor, words);
      },
    );
  });

  describe('after a start, without a host', () => {
    const versions = (): Set<number> => new Set(answers().map(([, version]) => version));
    let flash: string[];
    beforeEach(() => {
      flash = ['--data', shard, '--flash', join(folder, 'flash')];
    });

    /** A node that has installed version 0 and lost its power. */
    async function install(...kernels: readonly Uint8Array[]): Promise<void> {
      const first = start('linnet-asking', ...flash);
      first.serve(fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0), ...kernels);
      expect(await first.announce(fixture.announcementOf(0))).toBe(status.OK);
      await first.until('the upload', () => first.uploads.length > 0 && answers().length > 0);
      await end();
    }

    async function end(): Promise<void> {
      const child = children.at(-1)!;
      child.kill('SIGKILL');
      await once(child, 'close');
      lines = [];
    }

    it('gets the answers of the model that was installed', async () => {
      await install();
      const second = start('linnet-asking', ...flash);
      second.intercept = () => 'lose';
      for (let polls = 0; polls < 40; polls++) await second.request('PING', { token: polls });
      expect(answers().length).toBeGreaterThan(20);
      expect(new Set(answers().map(([state]) => state))).toEqual(new Set([nodeState.HELLO]));
      await expectAnswersOf(fixture.descriptor, fixture.wordsOf(0));
      expect(lines.filter((line) => line.startsWith('refused'))).toEqual([]);
    });

    it('still gets them while a kept upload is offered, then those of the next version', async () => {
      await install();
      const second = start('linnet-asking', ...flash);
      await second.until('HELLO', () => second.count('HELLO') > 0);
      expect((await second.request('STATUS', {})).body!.version).toBe(0);
      expect(await second.announce(fixture.announcementOf(0))).toBe(status.OK);
      await second.until('the upload', () => second.uploads.length > 0);
      const { RECEIPT } = nodeState;
      await second.until('answers', () => answers().some(([state]) => state === RECEIPT));
      await expectAnswersOf(fixture.descriptor, fixture.wordsOf(0));
      second.serve(fixture.snapshotOf(1));
      expect(await second.announce(fixture.announcementOf(1))).toBe(status.OK);
      await second.until('an answer of it', () => versions().has(1));
      await end();
      const third = start('linnet-asking', ...flash);
      await third.until('an answer of it', () => answers().length > 0);
      expect(versions()).toEqual(new Set([1]));
      expect((await third.request('STATUS', {})).body!.version).toBe(1);
    });

    it('gets them from the kernel before, where another failed its trial', async () => {
      const bad = trapping('train');
      await install();
      const second = start('linnet-asking', ...flash);
      second.serve(bad);
      const failing = fixture.announcementOf(1, {}, { kernels: [allow(bad)] });
      expect(await second.announce(failing)).toBe(status.OK);
      const { FAILED } = nodeState;
      await second.until('answers', () => answers().some(([state]) => state === FAILED));
      for (let polls = 0; polls < 40; polls++) await second.state();
      await expectAnswersOf(fixture.descriptor, fixture.wordsOf(0));
      await end();
      const third = start('linnet-asking', ...flash);
      for (let polls = 0; polls < 40; polls++) await third.request('PING', { token: polls });
      await expectAnswersOf(fixture.descriptor, fixture.wordsOf(0));
    });

    it('waits for an announcement where the watchdog had to end that model', async () => {
      const slow = hanging('evaluate');
      const watched = [...flash, '--watchdog', '300'];
      const first = start('linnet-asking', ...watched);
      first.samples = fixture.dataset;
      first.serve(slow, fixture.descriptor, fixture.snapshotOf(0));
      const announcement = (kernel: Uint8Array): Announcement =>
        fixture.announcementOf(0, { task: task.BOTH }, { kernels: [allow(kernel)] });
      expect(await first.announce(announcement(slow))).toBe(status.OK);
      const { WATCHDOG } = resetReason;
      await first.until('the watchdog', () => first.lastHello()?.resetReason === WATCHDOG);
      lines = [];
      for (let polls = 0; polls < 20; polls++) await first.state();
      expect(lines.filter((line) => /^(answer|refused)/.test(line))).toEqual([]);
      expect((await first.request('STATUS', {})).body!.version).toBe(0);
      first.serve(fixture.kernelBytes);
      expect(await first.announce(announcement(fixture.kernelBytes))).toBe(status.OK);
      await first.until('an answer', () => answers().length > 0);
    });
  });

  describe('with layers of its own', () => {
    const { IDLE } = nodeState;
    const personal: Partial<Plan> = {
      ...{ task: task.PERSONALISE, codec: codec.RICE_INT16, personalLayers: 0b10 },
      ...{ epochs: 10, lrShift: 2, skipThreshold: 0 },
    };
    const tuning = { ...personal, codec: codec.NONE, personalLayers: 0xffff_ffff };
    const words = fixture.wordsOf(0);
    const atRest = (state: number): boolean => state === IDLE;
    let flash: string[];
    beforeEach(() => {
      flash = ['--data', shard, '--flash', join(folder, 'flash')];
    });

    /** At rest a node asks after every message. */
    async function poll(host: ScriptedHost): Promise<void> {
      const before = answers().length;
      for (let polls = 0; polls < 40; polls++) await host.request('PING', { token: polls });
      expect(answers().length).toBeGreaterThan(before + 20);
    }

    /** A round of version 0, and the words that the node has then if its upload counts. */
    async function train(plan: Partial<Plan>, code: number) {
      const host = start('linnet-asking', ...flash);
      host.serve(fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0));
      const announcement = fixture.announcementOf(0, plan);
      expect(await host.announce(announcement)).toBe(status.OK);
      await host.until('the upload', () => host.uploads.length > 0);
      const residual = new Int16Array(words.length);
      const given = { announcement, words, residual, dataset: fixture.dataset };
      const { descriptor, kernelHash } = fixture;
      const expected = expectedEnvelope({ ...given, node: 'a', descriptor, kernelHash });
      expect(host.uploads[0]).toEqual(expected);
      await host.giveReceipt(code, host.uploads[0]);
      await poll(host);
      const { weightOffset } = readModel(descriptor).layers.at(-1)! as { weightOffset: number };
      const first = plan.codec === codec.NONE ? 0 : weightOffset;
      return { host, own: words.map((word, i) => (i < first ? word : residual[i])) };
    }

    async function restart(): Promise<void> {
      const child = children.at(-1)!;
      child.kill('SIGKILL');
      await once(child, 'close');
      lines = [];
      const host = start('linnet-asking', ...flash);
      await poll(host);
    }

    it.each([
      ['a personal head', personal],
      ['a local fine-tuning', tuning],
    ])('answers with them once they count, after a start too: %s', async (_, plan) => {
      const { own } = await train(plan, receipt.ACCEPTED);
      expect(own).not.toEqual(words);
      await expectAnswersOf(fixture.descriptor, words, (state) => !atRest(state));
      await expectAnswersOf(fixture.descriptor, own, atRest);
      await restart();
      await expectAnswersOf(fixture.descriptor, own);
    });

    it('answers with the announced ones where its upload came too late', async () => {
      await train(personal, receipt.STALE);
      await expectAnswersOf(fixture.descriptor, words);
      await restart();
      await expectAnswersOf(fixture.descriptor, words);
    });

    it('answers with what it has tuned as long as that model is installed', async () => {
      const { host, own } = await train(tuning, receipt.ACCEPTED);
      const rest = { ...tuning, task: task.NONE };
      const { artefactHash } = fixture.announcementOf(0);
      expect(await host.announce(fixture.announcementOf(1, rest, { artefactHash }))).toBe(
        status.OK,
      );
      const has = (wanted: number) => (): boolean =>
        answers().some(([, version]) => version === wanted);
      await host.until('the final version', has(1));
      await poll(host);
      await expectAnswersOf(fixture.descriptor, own, (_, version) => version === 1, 1);
      host.serve(fixture.snapshotOf(2));
      expect(await host.announce(fixture.announcementOf(2, rest))).toBe(status.OK);
      await host.until('another model', has(2));
      await poll(host);
      const other = fixture.wordsOf(2);
      await expectAnswersOf(fixture.descriptor, other, (_, version) => version === 2, 2);
    });
  });

  describe('the example', () => {
    it('labels, asks, rests and hears of its model while it trains', async () => {
      const descriptor = buildDescriptor({
        input: { width: 8, exponent: -7 },
        layers: [
          { op: 'dense', outputs: 16, activation: 'relu' },
          { op: 'dense', outputs: 3 },
        ],
        loss: 'softmax-cross-entropy',
      });
      const snapshot = packSnapshot(sha256(descriptor), fixture.wordsOf(0, descriptor));
      const host = start('linnet-live', '--flash', join(folder, 'flash'));
      host.serve(fixture.kernelBytes, descriptor, snapshot);
      const announcement = fixture.announcementOf(
        0,
        { task: task.TRAIN, epochs: 200, lrShift: 6 },
        {
          descriptorHash: sha256(descriptor),
          descriptorBytes: descriptor.length,
          artefactHash: sha256(snapshot),
          artefactBytes: snapshot.length,
        },
      );
      expect(await host.announce(announcement)).toBe(status.OK);
      await host.until('the upload', () => host.uploads.length > 0);
      const { samples, training } = decodeWire('Envelope', host.uploads[0]);
      expect({ samples, trained: training!.samples }).toEqual({ samples: 24, trained: 4800 });
      await host.giveReceipt(receipt.ACCEPTED, host.uploads[0]);
      const has = (text: string) => (): boolean => lines.some((line) => line.startsWith(text));
      for (const text of [
        'installed version 0',
        'while it trains it sees',
        'accepted for version 0',
      ])
        await host.until(text, has(text));
      expect(await host.state()).toBe(nodeState.IDLE);
    });
  });
});
