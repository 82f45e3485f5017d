import { afterEach, describe, expect, it } from 'vitest';
import { receipt } from '../../host/contract/contract.gen.js';
import { drawOf } from '../../host/contract/participation.js';
import type { AggregatorOptions } from '../../host/federated/server.js';
import type { Timers } from '../../host/federated/timers.js';
import { drawBelowOf } from '../../host/federated/turns.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { brokerCases } from '../mqtt/brokers.js';
import { waitFor } from '../mqtt/wait.js';
import { planSettings, simulateEnvelope, smallDescriptor } from './fixture.js';
import { endScene, openScene, type Scene } from './scene.js';

const { parameters } = parseDescriptor(smallDescriptor);

afterEach(endScene);

/** A clock that is set by hand; nothing goes off. */
class Clock implements Timers {
  nowMs = 1000;
  now(): number {
    return this.nowMs;
  }
  start(): () => void {
    return () => undefined;
  }
}

const deadlineMs = 60_000;
const sampling = { fleetSize: 8, overSelection: 1.5 };
/** 3 of 8 nodes, more or less. */
const limit = 0.375 * 2 ** 32;

/** Names in the order of how late they come in version 0. */
const fleet = Array.from({ length: 40 }, (_, i) => `node-${i}`);
const drawOfNode = (name: string): number => drawOf(planSettings.seed, 0, name).draw;
const drawn = fleet.filter((name) => drawOfNode(name) < limit);
const second = fleet.filter((name) => drawOfNode(name) >= limit && drawOfNode(name) < 2 * limit);
const third = fleet.filter((name) => drawOfNode(name) >= 2 * limit);

function changes(clock: Clock, more: Partial<AggregatorOptions> = {}): Partial<AggregatorOptions> {
  return {
    ...{ rounds: 3, sampling, timers: clock },
    round: { cohort: 2, quorum: 2, deadlineMs },
    ...more,
  };
}

const idleNodes = (scene: Scene, names: readonly string[]) =>
  Promise.all(names.map((name) => scene.idleNode(name)));

describe('a node that counts in the open version', () => {
  it('is told when the version will close if contributions go on coming as they have', async () => {
    const clock = new Clock();
    const scene = await openScene(brokerCases[0]);
    const buffered = {
      ...{ rounds: 3, timers: clock, strategy: 'fed-buff' },
      plan: { ...planSettings, maxStaleness: 2 },
      round: { cohort: 4, quorum: 4 },
    };
    const first = await scene.aggregator(buffered);
    const [late, ...others] = await idleNodes(scene, fleet.slice(0, 5));
    const old = simulateEnvelope(late.announcement!, late.name, parameters);
    for (const node of others) await node.upload();
    await waitFor('version 1', () => late.announcement?.version === 1);
    await late.publish(old, 0);
    await waitFor('a receipt', () => late.receipts.length === 1);
    expect(late.codes()).toEqual([receipt.ACCEPTED]);
    const expectLater = async (retryMs: number): Promise<void> => {
      const before = late.receipts.length;
      await late.upload();
      await waitFor('a receipt', () => late.receipts.length > before);
      expect(late.receipts.at(-1)).toMatchObject({ code: receipt.LATER, retryMs });
    };
    await expectLater(1000);
    clock.nowMs += 60_000;
    await expectLater(180_000);
    await others[0].upload();
    await waitFor('the second', () => others[0].codes().length === 2);
    await expectLater(60_000);
    clock.nowMs += 10 ** 9;
    await expectLater(600_000);
    // Another aggregator does not know since when the version stands.
    await first.close();
    const deadline = { ...buffered.round, deadlineMs: 90_000 };
    const second = await scene.aggregator({ ...buffered, round: deadline });
    await expectLater(1000);
    clock.nowMs += 60_000;
    await expectLater(30_000);
    await second.close();
    await scene.aggregator({ ...buffered, retryMs: 30 });
    await expectLater(30);
  });
});

describe('a sampled cohort', () => {
  it('closes when as many as needed have come, whoever else was drawn', async () => {
    const scene = await openScene(brokerCases[0]);
    await scene.aggregator(changes(new Clock()));
    const [first, other, late] = await idleNodes(scene, drawn.slice(0, 3));
    expect(first.announcement!.plan.drawBelow).toBe(limit);
    for (const node of [first, other]) await node.upload();
    await waitFor('version 1', () => late.announcement?.version === 1 && scene.rounds.length === 1);
    expect(scene.rounds[0]).toMatchObject({ contributions: 2, isDegraded: false });
    await late.publish(simulateEnvelope(late.announcements[0], late.name, parameters), 0);
    await waitFor('its receipt', () => late.receipts.length === 1);
    expect(late.codes()).toEqual([receipt.STALE]);
  });

  it('takes the rest of the drawn with their staleness where the plan has one', async () => {
    const scene = await openScene(brokerCases[0]);
    const plan = { ...planSettings, maxStaleness: 2 };
    await scene.aggregator(changes(new Clock(), { plan, strategy: 'fed-buff' }));
    const nodes = await idleNodes(scene, [...drawn.slice(0, 3), third[0]]);
    const [first, other, late, undrawn] = nodes;
    for (const node of [first, other]) await node.upload();
    await waitFor('version 1', () => nodes.every((node) => node.announcement?.version === 1));
    for (const node of [late, undrawn]) {
      await node.publish(simulateEnvelope(node.announcements[0], node.name, parameters), 0);
      await waitFor('its receipt', () => node.receipts.length === 1);
    }
    expect(late.codes()).toEqual([receipt.ACCEPTED]);
    expect(undrawn.codes()).toEqual([receipt.LATER]);
  });

  it('lets wait who is not drawn, as long as the deadline takes to double the limit', async () => {
    const clock = new Clock();
    const scene = await openScene(brokerCases[0]);
    const aggregator = await scene.aggregator(changes(clock));
    const [node, last] = await idleNodes(scene, [second[0], third[0]]);
    const expectLater = async (of: typeof node, retryMs: number): Promise<void> => {
      const before = of.receipts.length;
      await of.upload();
      await waitFor('a receipt', () => of.receipts.length > before);
      expect(of.receipts.at(-1)).toMatchObject({ code: receipt.LATER, retryMs });
    };
    await expectLater(node, deadlineMs);
    await expectLater(last, 2 * deadlineMs);
    clock.nowMs += deadlineMs - 1;
    await expectLater(node, 1);
    clock.nowMs += 1;
    await node.upload();
    await waitFor('the last receipt', () => node.codes().at(-1) !== receipt.LATER);
    expect(node.codes().at(-1)).toBe(receipt.ACCEPTED);
    await expectLater(last, deadlineMs);
    // Another aggregator does not know since when the version stands.
    await aggregator.close();
    await scene.aggregator(changes(clock));
    await expectLater(last, 2 * deadlineMs);
    clock.nowMs += 2 * deadlineMs;
    await last.upload();
    await waitFor('version 1', () => scene.rounds.length === 1);
    expect([...scene.rounds[0].nodes].sort()).toEqual([node.name, last.name].sort());
  });

  it('is drawn from the nodes that are named, and everybody gets the final version', async () => {
    const scene = await openScene(brokerCases[0]);
    const nodes = drawn.slice(0, 3);
    const round = { cohort: 1, quorum: 1, deadlineMs };
    const eligibility = { minBattery: 30 };
    const plan = { ...planSettings, eligibility, jitterMs: 500 };
    await scene.aggregator(
      changes(new Clock(), { nodes, round, plan, rounds: 1, sampling: { overSelection: 1.5 } }),
    );
    const [node] = await idleNodes(scene, nodes);
    expect(node.announcement!.plan).toMatchObject({
      ...{ drawBelow: 2 ** 31, eligibility, jitterMs: 500 },
    });
    await node.upload();
    await waitFor('the final version', () => node.announcement?.final === true);
    const { drawBelow, eligibility: last, jitterMs } = node.announcement!.plan;
    expect([drawBelow, last, jitterMs]).toEqual([undefined, undefined, 500]);
  });

  it('is as large as asked for on average', () => {
    const fleetSize = 1000;
    const drawBelow = drawBelowOf(100, 1.3, fleetSize);
    const sizes = Array.from({ length: 100 }, (_, version) => {
      const draws = Array.from({ length: fleetSize }, (_, i) => drawOf(1, version, `n${i}`).draw);
      return draws.filter((draw) => draw < drawBelow).length;
    });
    // 130 ± 10.6 each.
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(Math.abs(mean - 130)).toBeLessThan(4);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(90);
    expect(drawBelowOf(4, 1.3, 5)).toBe(2 ** 32 - 1);
    expect(drawBelowOf(1, 1, 2 ** 40)).toBe(1);
  });

  it.each<[string, Partial<AggregatorOptions>]>([
    ['without a deadline', { round: { cohort: 2, quorum: 2 } }],
    ['of a fleet nobody knows', { sampling: { overSelection: 1.3 } }],
    ['of a fleet that is smaller', { sampling: { overSelection: 1.3, fleetSize: 1 } }],
    ['of fewer than it needs', { sampling: { overSelection: 0.9, fleetSize: 8 } }],
    ['of no number', { sampling: { overSelection: NaN, fleetSize: 8 } }],
    ['of batteries beyond full', { plan: { ...planSettings, eligibility: { minBattery: 101 } } }],
    ['of half a charge', { plan: { ...planSettings, eligibility: { charging: 0.5 } } }],
    ['with a jitter beyond u32', { plan: { ...planSettings, jitterMs: 2 ** 32 } }],
  ])('%s is refused', async (_, more) => {
    const scene = await openScene(brokerCases[0]);
    await expect(scene.aggregator(changes(new Clock(), more))).rejects.toMatchObject({
      code: 'ERR_CONFIG',
    });
  });
});
