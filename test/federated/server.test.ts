import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { codec, receipt, task } from '../../host/contract/contract.gen.js';
import { LinnetError } from '../../host/contract/error.js';
import { idOf, sha256, toHex } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import { retractNode, rollBack } from '../../host/federated/operator.js';
import { replayStore } from '../../host/federated/replay.js';
import { Aggregator, type AggregatorOptions } from '../../host/federated/server.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { brokerCases } from '../mqtt/brokers.js';
import { checkProof } from '../../host/proof/proof.js';
import { root, roundKeyOf } from '../proof/fixture.js';
import { waitFor } from '../mqtt/wait.js';
import { aggregatorOptions, cohort, expectedHashes } from './federation.js';
import { hanging, importing } from '../node/bad-kernels.js';
import {
  kernelBytes,
  planSettings,
  simulateEnvelope,
  slicedDescriptor,
  smallDescriptor,
} from './fixture.js';
import { Oracle } from './history.js';
import { defer, endScene, ManualTimers, openScene, Scene } from './scene.js';

const model = parseDescriptor(smallDescriptor);

afterEach(endScene);

describe.each(brokerCases)('aggregator on $name', (broker) => {
  it('takes a cohort through every version to the hash BigInt arithmetic gives', async () => {
    const scene = await openScene(broker);
    const aggregator = await scene.aggregator();
    const hashes = expectedHashes(3);
    expect(aggregator.initialModelHash).toBe(hashes[0]);
    const nodes = await scene.nodes();
    const final = await aggregator.finished;
    expect(final).toMatchObject({ version: 3, modelHash: hashes[3] });
    expect(toHex(sha256(final!.snapshot))).toBe(hashes[3]);

    expect(scene.rounds.map(({ modelHash }) => modelHash)).toEqual(hashes.slice(1));
    for (const [i, report] of scene.rounds.entries()) {
      expect(report).toMatchObject({
        version: i + 1,
        parent: i,
        contributions: 4,
        isDegraded: false,
      });
      expect([...report.nodes].sort()).toEqual(cohort);
      expect(report.training).toMatchObject({ nodes: 4, skipped: 4 });
      const uploads = scene.receipts.filter(
        ({ version, code }) => version === i && code === receipt.ACCEPTED,
      );
      expect(uploads).toHaveLength(4);
      expect(report.uplinkBytes).toBe(uploads.reduce((sum, { bytes }) => sum + bytes, 0));
    }
    // A node that sent twice has duplicates beside its three.
    const accepted = (node: (typeof nodes)[number]): number =>
      node.codes().filter((code) => code === receipt.ACCEPTED).length;
    await waitFor('every receipt', () => nodes.every((node) => accepted(node) >= 3));
    for (const node of nodes) {
      expect(accepted(node)).toBe(3);
      expect(node.announcements.map(({ version }) => version)).toEqual([0, 1, 2, 3]);
      expect(node.announcement).toMatchObject({ final: true, plan: { task: task.NONE } });
    }
    await aggregator.close();
    const replayed = [...replayStore(scene.options().store)];
    expect(replayed.map(({ isEqual }) => isEqual)).toEqual([true, true, true, true]);
  });

  it('keeps on the broker what the newest version needs, in slices, and nothing older', async () => {
    const scene = await openScene(broker);
    const big = parseDescriptor(slicedDescriptor);
    const aggregator = await scene.aggregator({ descriptor: slicedDescriptor, rounds: 2 });
    await scene.nodes({ parameters: big.parameters });
    const final = (await aggregator.finished)!;
    const retained = await scene.retained();
    const objects: [Uint8Array, number][] = [
      [kernelBytes, 2],
      [slicedDescriptor, 1],
      [final.snapshot, 2],
    ];
    for (const [bytes, slices] of objects) {
      const parts = Array.from({ length: slices }, (_, i) => {
        const topic = `linnet/test/obj/${toHex(sha256(bytes))}/${i * 32768}`;
        const part = retained.get(topic)!;
        retained.delete(topic);
        return part;
      });
      expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    }
    const announcement = `linnet/test/mdl/${toHex(idOf(big.hash))}/ann`;
    expect([...retained.keys()].sort()).toEqual([announcement, 'linnet/test/srv/state'].sort());
    expect(decodeWire('Announcement', retained.get(announcement)!).version).toBe(2);
    const state = decodeWire('ServerState', retained.get('linnet/test/srv/state')!);
    expect(state).toEqual({ aggregator: 'aggregator', epoch: 1, software: 'linnet', online: true });
    await aggregator.close();
    const after = (await scene.retained()).get('linnet/test/srv/state')!;
    expect(decodeWire('ServerState', after).online).toBe(false);
  });

  it('publishes the proof of every version, and byte for byte again after a restart', async () => {
    const scene = await openScene(broker);
    const roundKey = roundKeyOf(1, root, 'test');
    const model = toHex(idOf(parseDescriptor(smallDescriptor).hash));
    const first = await scene.aggregator({ rounds: 1, roundKey });
    await scene.nodes();
    await first.finished;
    await first.close();
    const read = async (): Promise<Uint8Array[]> => {
      const retained = await scene.retained();
      return ['proof', 'ann'].map((name) => retained.get(`linnet/test/mdl/${model}/${name}`)!);
    };
    const [proof, announcement] = await read();
    const trust = { roots: [root], federation: 'test' };
    expect(checkProof(proof, announcement, trust).announcement.version).toBe(1);
    const second = await scene.aggregator({ rounds: 1, roundKey });
    await second.finished;
    expect(await read()).toEqual([proof, announcement]);
  });

  it('counts what comes late with its discount, once, and replays it', async () => {
    const scene = await openScene(broker);
    const plan = { ...planSettings, maxStaleness: 1 };
    const changes = { rounds: 2, round: { cohort: 2, quorum: 2 }, plan, strategy: 'fed-buff' };
    const aggregator = await scene.aggregator(changes);
    const [ann, ben, cleo] = await Promise.all(
      ['ann', 'ben', 'cleo'].map((name) => scene.idleNode(name)),
    );
    const late = simulateEnvelope(cleo.announcement!, 'cleo', model.parameters);
    for (const node of [ann, ben]) await node.upload();
    await waitFor('version 1', () => cleo.announcement?.version === 1);
    await cleo.publish(late, 0);
    await cleo.publish(late, 0);
    await waitFor('its receipts', () => cleo.receipts.length === 2);
    expect(cleo.codes()).toEqual([receipt.ACCEPTED, receipt.DUPLICATE]);
    // Something of it counts in version 1 already.
    await cleo.upload();
    await waitFor('a third receipt', () => cleo.receipts.length === 3);
    expect(cleo.codes().at(-1)).toBe(receipt.LATER);
    await ann.upload();
    await waitFor('the report', () => scene.rounds.length === 2);
    const expected = new Oracle();
    for (const node of ['ann', 'ben']) expected.contribute(node);
    expected.close();
    expected.contribute('cleo', 0);
    expected.contribute('ann');
    expected.close();
    expect(aggregator.model.modelHash).toBe(expected.hash(2));
    await aggregator.close();
    const replayed = [...replayStore(scene.options().store)];
    expect(replayed.map(({ isEqual }) => isEqual)).toEqual([true, true, true]);
  });

  it('refuses a plan that its strategy or its store cannot do', async () => {
    const scene = await openScene(broker);
    const plan = { ...planSettings, maxStaleness: 2 };
    await expect(scene.aggregator({ plan })).rejects.toThrow('fed-avg takes no deltas of older');
    const short = { plan, strategy: 'fed-buff', keep: 2 };
    await expect(scene.aggregator(short)).rejects.toThrow('keep those of 3 or more');
    const coarse = { plan: { ...planSettings, codec: codec.DENSE_3 }, strategy: 'median' };
    await expect(scene.aggregator(coarse)).rejects.toThrow('rounded so coarsely');
  });

  it('counts a duplicate once, before and after the version has closed', async () => {
    const scene = await openScene(broker);
    await scene.aggregator({ rounds: 1 });
    const [ann, ben, cleo, dan] = await Promise.all(cohort.map((name) => scene.idleNode(name)));
    const first = await ann.upload();
    await ann.upload();
    await waitFor('two receipts', () => ann.receipts.length === 2);
    expect(ann.codes()).toEqual([receipt.ACCEPTED, receipt.DUPLICATE]);
    expect(ann.receipts[1]).toEqual({
      code: receipt.DUPLICATE,
      version: 0,
      contribution: 0,
      upload: idOf(sha256(first)),
      current: 0,
    });
    await ann.upload({ samples: 5 });
    await waitFor('the conflict', () => ann.receipts.length === 3);
    for (const node of [ben, cleo, dan]) await node.upload();
    await waitFor('the report', () => scene.rounds.length === 1);
    await ann.publish(first, 0);
    await waitFor('the late duplicate', () => ann.receipts.length === 4);
    expect(ann.codes().slice(2)).toEqual([receipt.CONFLICT, receipt.DUPLICATE]);
    expect(ann.receipts[3].current).toBe(1);
    expect(scene.rounds[0]).toMatchObject({ contributions: 4, modelHash: expectedHashes(1)[1] });
  });

  it('answers what it cannot take, ignores what it cannot answer, and goes on', async () => {
    const scene = await openScene(broker);
    const aggregator = await scene.aggregator({ nodes: [...cohort, 'eve'], rounds: 1 });
    const [eve, mallory] = await Promise.all(
      ['eve', 'mallory'].map((name) => scene.idleNode(name)),
    );
    await eve.publish(new Uint8Array(), 0);
    await eve.publish(Uint8Array.of(0xff, 0, 1), 0);
    await eve.publish(new Uint8Array(300_000), 0);
    await eve.publish(new Uint8Array(60_000).fill(0x81), 0);
    await eve.publish(simulateEnvelope(eve.announcement!, 'eve', model.parameters), 3);
    await eve.upload({ version: 7 });
    await eve.upload({ artefact: new Uint8Array(8) });
    await eve.upload({ codec: 9 });
    await eve.upload({ payload: new Uint8Array(3) });
    await mallory.upload();
    const topics = ['x/0/eve', '0/0/eve/more', '0/0/no name'];
    for (const topic of topics)
      await eve.publishTo(`linnet/test/up/${toHex(idOf(model.hash))}/${topic}`, Uint8Array.of(1));
    await scene.nodes();
    await aggregator.finished;
    expect(aggregator.model.modelHash).toBe(expectedHashes(1)[1]);
    await waitFor('the receipts', () => eve.receipts.length === 9 && mallory.receipts.length === 1);
    const { MALFORMED, BAD_BASE, UNKNOWN_CODEC, INELIGIBLE } = receipt;
    expect(eve.codes()).toEqual([
      ...[MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED],
      ...[BAD_BASE, BAD_BASE, UNKNOWN_CODEC, MALFORMED],
    ]);
    expect(mallory.codes()).toEqual([INELIGIBLE]);
    expect(scene.warnings).toHaveLength(2);
  });

  it('is found again by nodes when the broker was lost with all it had', async () => {
    const first = await broker.start();
    const scene = new Scene(broker, first);
    const aggregator = await scene.aggregator({ rounds: 2 });
    const nodes = await scene.nodes({ isDiligent: false });
    await waitFor('announcements', () => nodes.every(({ announcement }) => announcement));
    await Promise.all(nodes.slice(1).map((node) => node.upload()));
    await waitFor('three uploads', () => scene.receipts.length === 3);
    await first.close();
    const second = await broker.start(first.port);
    defer(() => second.close());
    const late = await scene.node('ann');
    await waitFor('the first version', () => scene.rounds.length === 1);
    for (const node of nodes.slice(1)) {
      await waitFor('the next announcement', () => node.announcement!.version === 1);
      await node.upload();
    }
    expect((await aggregator.finished)!.modelHash).toBe(expectedHashes(2)[2]);
    await waitFor('the last announcement', () => late.announcement!.version === 2);
    const retained = await scene.retained();
    expect(retained.has(`linnet/test/obj/${toHex(sha256(kernelBytes))}/32768`)).toBe(true);
  });
});

describe('aggregator', () => {
  const [broker] = brokerCases;

  it('goes on after a restart in the middle of a version', async () => {
    const scene = await openScene(broker);
    const first = await scene.aggregator();
    const ann = await scene.idleNode('ann');
    await ann.upload();
    await waitFor('the receipt', () => ann.receipts.length === 1);
    await first.close();
    expect(await first.finished).toBeUndefined();
    // Sent while nobody listens: the broker keeps it for the aggregator's session.
    await (await scene.idleNode('ben')).upload();
    const second = await scene.aggregator();
    await waitFor("ben's receipt", () => scene.receipts.length === 2);
    const epochs = decodeWire(
      'ServerState',
      (await scene.retained()).get('linnet/test/srv/state')!,
    );
    expect(epochs).toMatchObject({ epoch: 2, online: true });
    await ann.close();
    await scene.nodes();
    expect((await second.finished)!.modelHash).toBe(expectedHashes(3)[3]);
    expect(scene.rounds.map(({ contributions }) => contributions)).toEqual([4, 4, 4]);
  });

  it('announces at its next start what an operator published, and takes the older off', async () => {
    const scene = await openScene(broker);
    const { store } = scene.options();
    const first = await scene.aggregator({ rounds: 2, round: { cohort: 3, quorum: 1 } });
    for (const name of ['ann', 'ben', 'cleo']) await (await scene.idleNode(name)).upload();
    await waitFor('version 1', () => scene.rounds.length === 1);
    const ben = await scene.idleNode('ben');
    await ben.upload();
    await waitFor('the upload', () => scene.receipts.length === 4);
    expect(() => retractNode(store, { node: 'ben', from: 0 })).toThrow(/in use/);
    await first.close();
    const { version } = retractNode(store, { node: 'ben', from: 0 })!;
    const back = rollBack(store, 0)!;
    expect([version, back.version]).toEqual([2, 3]);
    const second = await scene.aggregator({ rounds: 2, round: { cohort: 3, quorum: 1 } });
    await waitFor('the announcement', () => ben.announcement!.version === 3);
    expect(toHex(ben.announcement!.artefactHash)).toBe(expectedHashes(0)[0]);
    expect(ben.announcement).toMatchObject({ version: 3, parent: 2 });
    const kept = [kernelBytes, smallDescriptor].map((bytes) => toHex(sha256(bytes)));
    const objects = async (): Promise<Set<string>> => {
      const topics = [...(await scene.retained()).keys()];
      return new Set(topics.flatMap((topic) => /obj\/(\w+)/.exec(topic)?.[1] ?? []));
    };
    expect(await objects()).toEqual(new Set([...kept, expectedHashes(0)[0]]));
    // The second of two rounds, from the first model.
    for (const name of ['ann', 'ben', 'cleo']) await (await scene.idleNode(name)).upload();
    const final = await second.finished;
    expect(final!.version).toBe(4);
    await second.close();
    const replayed = [...replayStore(store)];
    expect(replayed.map(({ event, isEqual }) => [event, isEqual])).toEqual(
      ['start', 'round', 'retract', 'rollback', 'round'].map((event) => [event, true]),
    );
  });

  it('finds a finished federation finished', async () => {
    const scene = await openScene(broker);
    const first = await scene.aggregator({ rounds: 1 });
    await scene.nodes();
    const final = await first.finished;
    await first.close();
    const second = await scene.aggregator({ rounds: 1 });
    expect(await second.finished).toEqual(final);
    expect(scene.rounds).toHaveLength(1);
  });

  it('closes a version at its deadline with the quorum, and starts the time again without', async () => {
    const scene = await openScene(broker);
    const timers = new ManualTimers();
    const round = { cohort: 4, quorum: 2, deadlineMs: 7000 };
    const aggregator = await scene.aggregator({ timers, round, rounds: 2 });
    const ann = await scene.idleNode('ann');
    const ben = await scene.idleNode('ben');
    expect(ann.announcement!.plan.deadlineMs).toBe(7000);
    await ann.upload();
    await waitFor('one receipt', () => scene.receipts.length === 1);
    timers.goOff();
    await waitFor('the time to start again', () => timers.started.length === 2);
    expect(scene.rounds).toHaveLength(0);
    await ben.upload();
    await waitFor('two receipts', () => scene.receipts.length === 2);
    timers.goOff();
    await waitFor('the report', () => scene.rounds.length === 1);
    expect(scene.rounds[0]).toMatchObject({ contributions: 2, isDegraded: true });
    expect(timers.started).toEqual([7000, 7000, 7000]);
    const late = await scene.idleNode('cleo');
    await late.upload({ version: 0 });
    await waitFor('the late receipt', () => late.receipts.length === 1);
    expect(late.codes()).toEqual([receipt.STALE]);
    await scene.nodes();
    const final = await aggregator.finished;
    expect(final!.version).toBe(2);
    expect(timers.isArmed).toBe(false);
    await aggregator.close();
    const replayed = [...replayStore(scene.options().store)];
    expect(replayed.map(({ isEqual, isDegraded }) => [isEqual, isDegraded])).toEqual([
      [true, false],
      [true, true],
      [true, false],
    ]);
  });

  it('does the same whatever its clock does', async () => {
    const scene = await openScene(broker);
    const timers = new ManualTimers();
    let days = 0;
    timers.now = () => (days += days % 2 === 0 ? -7 : 3) * 86_400_000;
    const round = { cohort: 4, quorum: 2, deadlineMs: 7000 };
    const aggregator = await scene.aggregator({ timers, round, rounds: 3 });
    await scene.nodes();
    expect((await aggregator.finished)!.modelHash).toBe(expectedHashes(3)[3]);
    expect(scene.rounds.map(({ durationMs }) => durationMs >= 0)).toEqual([true, true, true]);
  });

  it('reports what the held-out samples say, and goes on if they cannot be scored', async () => {
    const scene = await openScene(broker);
    const seen: [number, number][] = [];
    const scores = { accuracy: 0.5, macroF1: 0.4, loss: 1.5, confusion: [1, 1, 0, 0] };
    const aggregator = await scene.aggregator({
      rounds: 2,
      evaluate: (words, version) => {
        seen.push([version, words.length]);
        if (version === 1) throw new Error('no samples');
        return scores;
      },
    });
    await scene.nodes();
    await aggregator.finished;
    expect(seen).toEqual([
      [1, model.parameters],
      [2, model.parameters],
    ]);
    expect(scene.rounds.map(({ heldOut }) => heldOut)).toEqual([undefined, scores]);
    expect(scene.warnings).toEqual(['version 1 was not scored: no samples']);
  });

  it('runs versions that only evaluate, which leave the model as it is', async () => {
    const scene = await openScene(broker);
    const plan = { ...scene.options().plan, task: task.EVALUATE };
    const round = { cohort: 2, quorum: 2 };
    const aggregator = await scene.aggregator({ plan, round, rounds: 1 });
    const counters = { samples: 3, loss: 9, skipped: 0, saturations: 0 };
    const evaluation = { ...counters, confusion: [1, 0, 0, 0, 1, 0, 0, 1, 0] };
    for (const name of ['ann', 'ben']) {
      const node = await scene.idleNode(name);
      await node.upload({ samples: 0, codec: 255, payload: new Uint8Array(), evaluation });
    }
    const final = await aggregator.finished;
    expect(final!.modelHash).toBe(aggregator.initialModelHash);
    const sum = { nodes: 2, samples: 6, loss: 18, skipped: 0, saturations: 0 };
    const confusion = [2, 0, 0, 0, 2, 0, 0, 2, 0];
    expect(scene.rounds[0].evaluation).toEqual({ ...sum, correct: 4, confusion });
    const retained = await scene.retained();
    const snapshot = `linnet/test/obj/${final!.modelHash}/0`;
    expect(retained.has(snapshot)).toBe(true);
  });

  it('stops and says why when the ledger cannot be written', async () => {
    const scene = await openScene(broker);
    const aggregator = await scene.aggregator({
      faultPoint: (name) => {
        if (name === 'before-commit') throw new LinnetError('ERR_STORE', 'the disk is full');
      },
    });
    const ann = await scene.idleNode('ann');
    await ann.upload();
    await expect(aggregator.finished).rejects.toMatchObject({ code: 'ERR_STORE' });
    await aggregator.close();
    expect(ann.receipts).toEqual([]);
    const state = (await scene.retained()).get('linnet/test/srv/state')!;
    expect(decodeWire('ServerState', state).online).toBe(false);
    const again = await scene.aggregator();
    await scene.nodes();
    expect((await again.finished)!.modelHash).toBe(expectedHashes(3)[3]);
  });

  it('closes on an aborted signal and on close(), any time and more than once', async () => {
    const scene = await openScene(broker);
    const controller = new AbortController();
    const aborted = await scene.aggregator({ signal: controller.signal });
    controller.abort();
    expect(await aborted.finished).toBeUndefined();
    const closed = await scene.aggregator();
    await Promise.all([closed.close(), closed.close()]);
    await closed.close();
    const late = Aggregator.start(scene.options({ signal: controller.signal }));
    await expect(late).rejects.toThrow('aborted');
    (await scene.aggregator()).close().catch(() => undefined);
  });

  it('finishes the step it is in when closed, and leaves no timer behind', async () => {
    const scene = await openScene(broker);
    const timers = new ManualTimers();
    let close = (): void => undefined;
    const aggregator = await scene.aggregator({
      timers,
      round: { cohort: 1, quorum: 1, deadlineMs: 7000 },
      faultPoint: (name) => {
        if (name === 'before-version-commit') close();
      },
    });
    const closed = new Promise<void>((resolve) => {
      close = () => void aggregator.close().then(resolve);
    });
    await (await scene.idleNode('ann')).upload();
    await closed;
    expect(scene.rounds).toHaveLength(1);
    expect(aggregator.model.version).toBe(1);
    expect(timers.isArmed).toBe(false);
    const announcement = (await scene.retained()).get(
      `linnet/test/mdl/${toHex(idOf(model.hash))}/ann`,
    )!;
    expect(decodeWire('Announcement', announcement).version).toBe(1);
  });

  it('leaves the store free when it cannot start', async () => {
    const scene = await openScene(broker);
    const options = scene.options();
    const nowhere = { ...options, mqtt: { url: 'mqtt://127.0.0.1:1' } };
    await expect(Aggregator.start(nowhere)).rejects.toMatchObject({ code: 'ERR_MQTT' });
    const first = await scene.aggregator();
    await expect(Aggregator.start(options)).rejects.toMatchObject({
      code: 'ERR_STORE',
      message: expect.stringContaining('another aggregator') as string,
    });
    await first.close();
    const other = scene.options({ federation: 'other' });
    await expect(Aggregator.start(other)).rejects.toMatchObject({ code: 'ERR_STORE' });
    await scene.aggregator();
  });

  it.each([
    ['is no wasm', new TextEncoder().encode('not wasm'), 'ERR_ENGINE', /is no valid wasm module/],
    ['hangs', hanging('abi'), 'ERR_TRAP', /abi did not end/],
    ['imports', importing('env', 'abort'), 'ERR_INTRINSICS', /imports env\.abort/],
  ])('offers no kernel that %s', async (_, bad, code, message) => {
    const options = aggregatorOptions('nowhere', 'mqtt://127.0.0.1:1', {
      kernels: [kernelBytes, bad],
    });
    await expect(Aggregator.start(options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(existsSync('nowhere')).toBe(false);
  });

  it.each<[string, Partial<AggregatorOptions>]>([
    ['rounds', { rounds: 0 }],
    ['initial words', { initialWords: -1 }],
    ['kernel', { kernels: [] }],
    ['cohort', { nodes: ['ann'] }],
    ['quorum', { round: { cohort: 2, quorum: 3 } }],
    ['queueLimit', { queueLimit: 0 }],
    ['epochs', { plan: { ...aggregatorOptions('', '').plan, epochs: 0 } }],
    ['frozen', { plan: { ...aggregatorOptions('', '').plan, frozenLayers: 3 } }],
  ])('refuses options whose %s makes no sense', async (name, changes) => {
    const options = aggregatorOptions('nowhere', 'mqtt://127.0.0.1:1', changes);
    await expect(Aggregator.start(options)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining(name) as string,
    });
  });
});
