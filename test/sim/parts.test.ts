/** The parts of the simulator by themselves: order of events, sleep, timers, dealing, scenarios. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinnetError } from '../../host/contract/error.js';
import { createDataset, type Dataset } from '../../host/data/dataset.js';
import { settingsOfRecord } from '../../host/cli/settings.js';
import { thin } from '../../host/cli/sim/figures.js';
import { afterAwake, nextAwake, type Windows } from '../../host/simulator/availability.js';
import { dealSamples } from '../../host/simulator/deal.js';
import { EventQueue } from '../../host/simulator/event-queue.js';
import { Fleet, nodeName, nodeNumber, stage } from '../../host/simulator/fleet.js';
import type { Trained } from '../../host/simulator/job.js';
import { Lookahead } from '../../host/simulator/lookahead.js';
import type { RoundRecord } from '../../host/simulator/records.js';
import { parseScenario, type Scenario } from '../../host/simulator/scenario.js';
import { VirtualTimers } from '../../host/simulator/virtual-timers.js';

const small = fc.nat(3);

describe('the event queue', () => {
  it('gives events in the order of their time, whatever the order they came in', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(small, small, small, small), { maxLength: 3000 }), (events) => {
        const queue = new EventQueue();
        for (const [time, tie, kind, node] of events) queue.push(time, tie, kind, node);
        const popped: number[][] = [];
        for (let event = queue.peek(); event; event = queue.peek()) {
          popped.push([event.timeMs, event.node, event.kind]);
          queue.drop();
        }
        const expected = [...events]
          .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[3] - b[3] || a[2] - b[2])
          .map(([time, , kind, node]) => [time, node, kind]);
        expect(popped).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});

const windows: fc.Arbitrary<Windows> = fc
  .tuple(fc.integer({ min: 1, max: 50 }), fc.nat(20), fc.nat(40))
  .map(([forMs, jitterMs, rest]) => ({ forMs, jitterMs, everyMs: forMs + 2 * jitterMs + rest }));

describe('sleep', () => {
  it('is left and gone into at the same moments however often one asks', () => {
    fc.assert(
      fc.property(windows, fc.nat(), (some, seed) => {
        const isAwake = Array.from({ length: 1000 }, (_, t) => nextAwake(some, seed, t) === t);
        const first = isAwake.indexOf(true);
        expect(nextAwake(some, seed, 0)).toBe(first);
        const awakeMs = isAwake.filter(Boolean).length;
        const periods = 1000 / some.everyMs;
        expect(Math.abs(awakeMs - periods * some.forMs)).toBeLessThanOrEqual(2 * some.forMs);
      }),
      { numRuns: 50 },
    );
  });

  it('lets work rest: it takes as much time awake as it takes', () => {
    fc.assert(
      fc.property(
        windows,
        fc.nat(),
        fc.nat(300),
        fc.integer({ min: 1, max: 200 }),
        (some, seed, from, workMs) => {
          const end = afterAwake(some, seed, from, workMs);
          let awakeMs = 0;
          for (let t = from; t < end; t++) if (nextAwake(some, seed, t) === t) awakeMs++;
          expect(awakeMs).toBe(workMs);
        },
      ),
      { numRuns: 100 },
    );
    expect(afterAwake(undefined, 1, 5, 7)).toBe(12);
  });
});

it('timers fire in their time, and go on after an interruption', () => {
  const timers = new VirtualTimers();
  const fired: [string, number][] = [];
  const start = (name: string, delayMs: number): (() => void) =>
    timers.start(delayMs, () => fired.push([name, timers.now()]));
  start('late', 100);
  start('early', 50);
  start('never', 70)();
  timers.fire();
  expect(fired).toEqual([['early', 50]]);
  const saved = timers.save();
  const later = new VirtualTimers();
  later.nowMs = 60;
  later.expect(saved);
  later.start(100, () => fired.push(['resumed', later.now()]));
  later.start(100, () => fired.push(['new', later.now()]));
  later.fire();
  later.fire();
  expect(fired.slice(1)).toEqual([
    ['resumed', 100],
    ['new', 160],
  ]);
  expect(later.nextMs).toBe(Infinity);
});

/** 6 people with 20 samples each of 4 classes, person 5 for testing. */
function makeDataset(): Dataset {
  const count = 120;
  return createDataset({
    name: 'people',
    steps: 1,
    channels: 1,
    classNames: ['a', 'b', 'c', 'd'],
    x: new Int8Array(count),
    label: Uint8Array.from({ length: count }, (_, i) => i % 4),
    subject: Uint16Array.from({ length: count }, (_, i) => Math.floor(i / 20)),
    split: Uint8Array.from({ length: count }, (_, i) => Number(i >= 100)),
    extra: new Uint16Array(0),
    extraCount: 0,
  });
}

function deal(text: string): { shares: number[][]; test: readonly number[]; how: string } {
  const scenario = parseScenario(`rounds: 1\n${text}`);
  const { offsets, indices, test, how } = dealSamples(makeDataset(), scenario);
  const shares = Array.from({ length: scenario.nodes }, (_, node) => [
    ...indices.subarray(offsets[node], offsets[node + 1]),
  ]);
  return { shares, test, how };
}

describe('dealing', () => {
  const all = Array.from({ length: 100 }, (_, i) => i);
  const { label, subject } = makeDataset();

  it.each(['subject', 'iid', 'dirichlet', 'shards'])('%s: each sample once', (by) => {
    const { shares, test } = deal(`nodes: 10\ndeal: { by: ${by} }`);
    expect(shares.flat().sort((a, b) => a - b)).toEqual(all);
    expect(Math.min(...shares.map(({ length }) => length))).toBeGreaterThan(0);
    expect(test).toHaveLength(20);
  });

  it('by subject: a node has samples of one person, and people are shared out', () => {
    const { shares } = deal('nodes: 7');
    const people = shares.map((share) => [...new Set(share.map((index) => subject[index]))]);
    expect(people).toEqual([[0], [1], [2], [3], [4], [0], [1]]);
  });

  it('in shards: no more classes than shards, but for those that straddle two', () => {
    const { shares } = deal('nodes: 10\ndeal: { by: shards, shardsPerNode: 2 }');
    for (const share of shares)
      expect(new Set(share.map((index) => label[index])).size).toBeLessThanOrEqual(2);
  });

  it('in shards: no more of them than samples', () => {
    const tooMany = 'nodes: 10\ndeal: { by: shards, shardsPerNode: 100000000 }';
    expect(() => deal(tooMany)).toThrow(/100 training samples are fewer .* a smaller deal.shards/);
  });

  it('says how many samples the nodes have', () => {
    expect(deal('nodes: 7').how).toBe('100 samples dealt to 7 nodes by person, 20 held out');
    expect(deal('nodes: 12\ndeal: { samplesPerNode: 3 }').how).toMatch(/^36 samples dealt to 12/);
    expect(deal('nodes: 40\ndeal: { samplesPerNode: 5 }').how).toMatch(/^200 samples dealt to 40/);
  });

  it('more nodes than samples share them, if told how many each has', () => {
    const { shares } = deal('nodes: 300\ndeal: { samplesPerNode: 5 }');
    expect(shares.every(({ length }) => length === 5)).toBe(true);
    expect(() => deal('nodes: 300')).toThrow(/without any: give deal.samplesPerNode/);
  });
});

it('groups have the sizes of their shares, and names are numbers', () => {
  const fleet = new Fleet(
    parseScenario('nodes: 10\nrounds: 1\nfleet: [{ share: 7 }, { share: 3, name: slow }]'),
  );
  expect([...fleet.group].filter((group) => group === 1)).toHaveLength(3);
  expect([0, 17, 99_999].map((node) => nodeNumber(nodeName(node)))).toEqual([0, 17, 99_999]);
  expect(nodeNumber('sensor-7')).toBe(-1);
});

it('of as many groups as there may be each has its nodes', () => {
  const parse = (groups: number): Scenario =>
    parseScenario(`nodes: 512\nrounds: 1\nfleet: [${'{},'.repeat(groups)}]`);
  const { group } = new Fleet(parse(256));
  const sizes = new Uint32Array(256);
  for (const one of group) sizes[one]++;
  expect([...sizes]).toEqual(Array<number>(256).fill(2));
  expect(() => parse(257)).toThrow(/^fleet: more than 256 groups: write a scenario/);
});

describe('scenarios', () => {
  it.each([
    ['nodes: 4', /rounds: .*write a scenario/],
    ['nodes: 0\nrounds: 1', /^nodes: /],
    ['nodes: 4\nrounds: 1\nnode: 3', /unknown key node: did you mean nodes/],
    [
      'nodes: 4\nrounds: 1\nfleet: [{ megaherz: 3 }]',
      /^fleet.0: unknown key megaherz: did you mean megahertz/,
    ],
    ['nodes: 4\nrounds: 1\nround: { cohort: 5 }', /round.cohort: 5 of 4 nodes: give at most 4/],
    [
      'nodes: 4\nrounds: 1\nround: { quorum: 3 }',
      /^round.quorum: it counts at the deadline, and there is none: give round.deadlineMinutes/,
    ],
    ['nodes: 4\nrounds: 1\nfleet: [{ dropOut: 0.1 }]', /wait for ever: give round.deadlineMinutes/],
    [
      'nodes: 4\nrounds: 1\nfleet: [{ awake: { everyMinutes: 5, forMinutes: 4, jitterMinutes: 1 } }]',
      /a window and the next overlap/,
    ],
    [
      'nodes: 4\nrounds: 1\nround: { cohort: 2 }\nreal: { mqtt: "mqtt://h", nodes: [node-1] }',
      /^real: /,
    ],
    [
      'nodes: 4\nrounds: 1\nfleet: [{ reservoir: { slots: 8, everyMinutes: 1 } }]',
      /^fleet.0.reservoir: its nodes have no samples at first: give plan.minSamples/,
    ],
    [
      'nodes: 4\nrounds: 1\nplan: { minSamples: 9 }\nfleet: [{ reservoir: { slots: 8, everyMinutes: 1 } }]',
      /^fleet.0.reservoir.slots: 8 never hold the 9 of plan.minSamples: give more slots/,
    ],
    [
      'nodes: 4\nrounds: 1\nplan: { minSamples: 1 }\nfleet: [{ reservoir: { slots: 8, everyMinutes: 1 } }]\nreal: { mqtt: "mqtt://h", nodes: [node-1] }',
      /^fleet.0.reservoir: samples come in virtual time.*leave out real/,
    ],
    [
      'nodes: 4\nrounds: 1\nfleet: [{ reservoir: { slots: 8, everyMinute: 1 } }]',
      /^fleet.0.reservoir: unknown key everyMinute: did you mean everyMinutes/,
    ],
    [
      'nodes: 4\nrounds: 1\nfleet: [{ reservoir: { slots: 0, everyMinutes: 1 } }]',
      /reservoir.slots/,
    ],
    [
      'nodes: 4\nrounds: 1\nfleet: [{ awake: { everyMinutes: 1e-9, forMinutes: 1e-9 } }]',
      /^fleet.0.awake.everyMinutes: Too small/,
    ],
    ['nodes: 4\nrounds: 1\nround: { deadlineMinutes: 1e-9 }', /^round.deadlineMinutes: Too small/],
    ['nodes: 4\nrounds: 1\nfleet: [{ megahertz: 1e-9 }]', /^fleet.0.megahertz: Too small/],
    [
      'nodes: 4\nrounds: 1\nfleet: [{ link: { upKilobitPerSecond: 1e-9 } }]',
      /^fleet.0.link.upKilobitPerSecond: Too small/,
    ],
    [
      'nodes: 4\nrounds: 1\nreal: { mqtt: "mqtt://h", nodes: [node-1, node-4] }',
      /^real.nodes: no node is called node-4: name some of node-0 to node-3/,
    ],
    [
      'nodes: 4\nrounds: 1\nreal: { mqtt: "mqtt://h", nodes: [node-] }',
      /^real.nodes: no node is called node-:/,
    ],
    ['nodes: [', /not YAML/],
  ])('%j is refused', (text, message) => {
    const parse = (): unknown => parseScenario(text);
    expect(parse).toThrow(message);
    expect(parse).toThrow(LinnetError);
  });

  it('settings in them are those of the commands', () => {
    const table = { codec: { kind: 'text', text: '', choices: ['a'], default: 'a' } } as const;
    expect(settingsOfRecord('plan', table, {})).toEqual({ codec: 'a' });
    expect(() => settingsOfRecord('plan', table, { codec: 'b' })).toThrow(/plan.codec: "b" is not/);
    expect(() => settingsOfRecord('plan', table, { kodec: 'a' })).toThrow(
      /plan.kodec is not a setting: did you mean codec\?/,
    );
    expect(() => settingsOfRecord('plan', table, { batch: 'a' })).toThrow(/use one of codec/);
  });
});

it('a figure has few points, the last always', () => {
  const records = Array.from({ length: 1000 }, (_, i) => ({ round: i + 1 }) as RoundRecord);
  const some = thin(records);
  expect(some.length).toBeLessThanOrEqual(40);
  expect(some.at(-1)?.round).toBe(1000);
});

describe('work that is computed ahead', () => {
  it('leaves on a node what belongs to its upload, whichever thread answers first', async () => {
    const fleet = new Fleet(parseScenario('nodes: 1\nrounds: 1'));
    const { state } = fleet;
    const answers: ((trained: Trained[]) => void)[] = [];
    const pool = { train: () => new Promise<Trained[]>((resolve) => answers.push(resolve)) };
    const kept: number[] = [];
    const local = { expect: (_: number, words: Int16Array) => void kept.push(words[0]) };
    const lookahead = new Lookahead(pool, state, 16, local);
    const begin = (version: number): void => {
      state.stage[0] = stage.TRAINING;
      state.version[0] = version;
      state.dueMs[0] = 100 * (version + 1);
      lookahead.expect(0);
      lookahead.fill(1);
    };
    const trainedFrom = (version: number): Trained[] => [
      { envelope: Uint8Array.of(version), local: Int16Array.of(version) },
    ];
    begin(0);
    lookahead.drop(0);
    begin(1);
    expect(answers).toHaveLength(2);
    answers[1](trainedFrom(1));
    const envelope = await lookahead.take(0);
    answers[0](trainedFrom(0));
    await new Promise(setImmediate);
    expect([[...envelope], kept]).toEqual([[1], [1]]);
  });
});
