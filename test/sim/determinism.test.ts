/** A run is a function of its scenario: not of batches, threads, or how often it was interrupted. */
import { appendFileSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareSimulation } from '../../host/cli/sim/prepare.js';
import { doublingsUntil, drawOf } from '../../host/contract/participation.js';
import { decodeWire } from '../../host/contract/wire.js';
import type { FaultPointName } from '../../host/federated/fault-point.js';
import { Ledger } from '../../host/federated/ledger.js';
import { parseScenario } from '../../host/simulator/scenario.js';
import { Scene } from '../e2e/scene.js';
import { announcementsIn, rough, runScenario, uploadsIn, type Ran } from './rig.js';

const sparse = rough.replace('samplesPerRound: 5', 'samplesPerRound: 5, codec: sparse');
/** Late uploads count, discounted; nodes at work go on. */
const buffered = rough
  .replace('cohort: 9', 'cohort: 5')
  .replace('samplesPerRound: 5', 'samplesPerRound: 5, strategy: fed-buff, maxStaleness: 2');
/** A part of the nodes is asked in each version, more as deadlines pass. */
const drawn = rough.replace('cohort: 9', 'cohort: 4, overSelection: 1.5');
/** Deadlines pass before the quorum is there, and begin again. */
const extended = rough.replace('quorum: 2, deadlineMinutes: 15', 'quorum: 8, deadlineMinutes: 6');
/** The same where others are asked when one has passed. */
const extendedDraw = `
seed: 5
nodes: 16
rounds: 6
deal: { people: 4, samplesPerNode: 12 }
round: { cohort: 7, quorum: 7, deadlineMinutes: 1, overSelection: 1 }
evaluateEvery: 6
plan: { samplesPerRound: 5 }
fleet: [{ dropOut: 0.2 }]
`;
/** Only who is charging and has power begins, each a little later; of one group nobody knows anything. */
const choosy = rough
  .replace('cohort: 9', 'cohort: 6')
  .replace(
    'samplesPerRound: 5',
    'samplesPerRound: 5, jitterMs: 90000, whileCharging: true, minBattery: 30',
  )
  .replace(
    'dropOut: 0.3',
    'dropOut: 0.3\n    conditions: { battery: 80, charging: { everyMinutes: 180, forMinutes: 100 } }',
  ).concat(`
  - name: empty
    share: 2
    conditions: { battery: 10, charging: { everyMinutes: 180, forMinutes: 100 } }
`);
/** Who has fetched a version rests in the next. */
const resting = rough
  .replace('cohort: 9', 'cohort: 6')
  .replace('samplesPerRound: 5', 'samplesPerRound: 5, minModelAge: 2');
/** Samples come while the nodes train; who has too few waits for more. */
const sensing = rough
  .replace('samplesPerNode: 12', 'samplesPerNode: 60')
  .replace('samplesPerRound: 5', 'samplesPerRound: 9, minSamples: 3')
  .replaceAll('link:', 'reservoir: { slots: 8, everyMinutes: 7 }\n    link:');
/** The last layer stays on the nodes, which score themselves and tune what they have in the end. */
const personal = rough
  .replace('samplesPerNode: 12', 'samplesPerNode: 12, testShare: 0.3')
  .replace('samplesPerRound: 5', 'samplesPerRound: 5, personalLayers: head, fineTune: 2');
const versions = 6;

let scene: Scene;
let folders = 0;
const newFolder = (): string => scene.path(`sim-${folders++}`);

beforeAll(() => {
  scene = new Scene();
});
afterAll(() => scene.end());

type Crash = readonly [point: FaultPointName, times: number];

const crashes: readonly Crash[] = [
  ['before-commit', 2],
  ['after-commit', 6],
  ['after-version-commit', 4],
  ['after-announcement', 3],
];

describe.each([
  { name: 'dense', yaml: rough, crashes },
  { name: 'sparse, with residuals', yaml: sparse, crashes: [['before-receipt', 11] as Crash] },
  { name: 'buffered, with late uploads', yaml: buffered, crashes: [['after-commit', 5] as Crash] },
  { name: 'of sensors', yaml: sensing, crashes: crashes.slice(1, 3) },
  { name: 'of eligible nodes', yaml: choosy, crashes: [['before-commit', 3] as Crash] },
  { name: 'of nodes that rest', yaml: resting, crashes: [['after-commit', 4] as Crash] },
  { name: 'with personal layers', yaml: personal, crashes: [['after-version-commit', 6] as Crash] },
  { name: 'of drawn nodes', yaml: drawn, crashes: [['after-version-commit', 3] as Crash] },
  { name: 'with extended deadlines', yaml: extended, crashes: [['after-receipt', 6] as Crash] },
  { name: 'of extended draws', yaml: extendedDraw, crashes: [['after-receipt', 13] as Crash] },
])('a simulation, $name', ({ yaml, crashes }) => {
  let first: string;
  let reference: Ran;
  let uploads: string[];

  beforeAll(async () => {
    first = newFolder();
    reference = await runScenario(first, yaml, { batch: 1, workers: 1 });
    uploads = uploadsIn(join(first, 'store'), versions + 1);
  });

  it.runIf(yaml === choosy)('hears nothing of nodes that are not eligible', () => {
    const { fleet } = reference;
    const acceptedBy = (name: string): number[] =>
      [...fleet.state.accepted].filter((_, node) => fleet.deviceOf(node).name === name);
    expect(acceptedBy('empty').every((accepted) => accepted === 0)).toBe(true);
    expect(acceptedBy('empty').length).toBeGreaterThan(2);
    expect(acceptedBy('sleepy').some((accepted) => accepted > 0)).toBe(true);
  });

  it.runIf(yaml === resting)('counts no node in two versions that follow each other', () => {
    const countedIn = new Map<string, number[]>();
    for (const upload of uploads) {
      const [open, node] = upload.split(' ');
      countedIn.set(node, [...(countedIn.get(node) ?? []), Number(open)]);
    }
    const pauses = [...countedIn.values()].flatMap((open) =>
      open.slice(1).map((version, i) => version - open[i]),
    );
    expect(Math.min(...pauses)).toBe(2);
  });

  it.runIf(yaml === sensing)('trains on what has come, from few samples to full slots', () => {
    const counts = uploads.map((upload) => {
      const [, , envelope] = upload.split(' ');
      return decodeWire('Envelope', Buffer.from(envelope, 'hex')).samples;
    });
    expect(Math.min(...counts)).toBeLessThan(6);
    expect(Math.max(...counts)).toBe(8);
  });

  it.runIf(yaml === buffered)('counts late uploads', () => {
    const isLate = (upload: string): boolean => {
      const [open, , envelope] = upload.split(' ');
      return decodeWire('Envelope', Buffer.from(envelope, 'hex')).version < Number(open);
    };
    expect(uploads.some(isLate)).toBe(true);
    expect(uploads.every(isLate)).toBe(false);
  });

  it.runIf(yaml === drawn)('asks who is drawn, and others when a deadline has passed', () => {
    const { plan } = decodeWire('Announcement', announcementsIn(join(first, 'store'))[0]);
    const doublings = (node: string, version: number): number =>
      doublingsUntil(drawOf(plan.seed, version, node).draw, plan.drawBelow);
    const waits = uploads.map((upload) => {
      const [open, node] = upload.split(' ');
      return doublings(node, Number(open));
    });
    // A quarter of the fleet is drawn.
    const all = Array.from({ length: 24 }, (_, node) => doublings(`node-${node}`, 0));
    expect(all.filter((n) => n === 0).length).toBeLessThan(12);
    expect(waits.filter((n) => n === 0).length).toBeGreaterThan(waits.length / 2);
    const { version, turn } = reference.fleet.state;
    expect([...turn].some((asked, node) => asked > version[node])).toBe(true);
  });

  it.runIf(yaml === rough || yaml === sparse)(
    'has everything in it that the comparison is about',
    () => {
      const sums = (name: 'accepted' | 'refused' | 'abandoned'): number =>
        reference.fleet.state[name].reduce((a, b) => a + b, 0);
      expect(reference.records).toHaveLength(versions);
      expect(reference.records.some(({ degraded }) => degraded)).toBe(true);
      expect(reference.records.some(({ degraded }) => !degraded)).toBe(true);
      expect(sums('accepted')).toBe(uploads.length);
      expect(sums('refused')).toBeGreaterThan(0);
      expect(sums('abandoned')).toBeGreaterThan(0);
    },
  );

  it('does not depend on batches and threads', async () => {
    const folder = newFolder();
    const run = await runScenario(folder, yaml, { batch: 256, workers: 2 });
    expect(run.text).toBe(reference.text);
    expect(run.model.modelHash).toBe(reference.model.modelHash);
    expect(uploadsIn(join(folder, 'store'), versions + 1)).toEqual(uploads);
  });

  it.each(crashes)('goes on after an end at %s, the %i. time', async (point, times) => {
    const folder = newFolder();
    let left = times;
    const crash = new Error('crash');
    const faultPoint = (name: FaultPointName): void => {
      if (name === point && --left === 0) throw crash;
    };
    const isExtended = yaml === extendedDraw;
    await expect(
      runScenario(folder, yaml, { faultPoint, ...(isExtended && { batch: 1 }) }),
    ).rejects.toBe(crash);
    const run = await runScenario(folder, yaml);
    expect(run.text).toBe(reference.text);
    expect(uploadsIn(join(folder, 'store'), versions + 1)).toEqual(uploads);
  });
});

it('is itself when it is asked for again, and refuses to be another', async () => {
  const folder = newFolder();
  const first = await runScenario(folder, rough);
  expect((await runScenario(folder, rough)).text).toBe(first.text);
  const other = rough.replace('seed: 5', 'seed: 6');
  await expect(runScenario(folder, other)).rejects.toThrow(/holds another simulation/);
  const elsewhere = await runScenario(newFolder(), other);
  expect(elsewhere.model.modelHash).not.toBe(first.model.modelHash);
});

describe('a folder', () => {
  const seed = (value: number): string => `
seed: ${value}
nodes: 4
rounds: 2
deal: { people: 4, samplesPerNode: 12 }
plan: { samplesPerRound: 5 }
`;
  const recordsOf = (folder: string): string => readFileSync(join(folder, 'rounds.ndjson'), 'utf8');
  const kept = '{"type":"round","round":1}\n';

  it('belongs to the scenario that was begun there, before any version was made too', async () => {
    const folder = newFolder();
    const crash = new Error('crash');
    const faultPoint = (name: FaultPointName): void => {
      if (name === 'after-announcement') throw crash;
    };
    await expect(runScenario(folder, seed(1), { faultPoint })).rejects.toBe(crash);
    await expect(runScenario(folder, seed(2))).rejects.toThrow(/holds another simulation/);
    const { text } = await runScenario(newFolder(), seed(1));
    expect((await runScenario(folder, seed(1))).text).toBe(text);
  });

  it('stays that of its scenario when the broker of its real nodes moves', () => {
    const fingerprintOf = (real: string): string =>
      prepareSimulation(parseScenario(`${seed(1)}real: ${real}\n`), newFolder()).options
        .fingerprint;
    const one = fingerprintOf('{ mqtt: mqtt://one, nodes: [node-1] }');
    expect(fingerprintOf('{ mqtt: mqtt://two, nodes: [node-1] }')).toBe(one);
    expect(fingerprintOf('{ mqtt: mqtt://one, nodes: [node-2] }')).not.toBe(one);
  });

  it('is free after a scenario that is refused', async () => {
    const folder = newFolder();
    const refused = seed(1).replace('5 }', '5, strategy: median }');
    await expect(runScenario(folder, refused)).rejects.toThrow(/rounded so coarsely/);
    expect((await runScenario(folder, seed(1))).records).toHaveLength(2);
  });

  it('keeps its records where the store is in use, of something else, or gone', async () => {
    const folder = newFolder();
    await runScenario(folder, seed(1));
    const records = recordsOf(folder);
    appendFileSync(join(folder, 'rounds.ndjson'), kept);
    const holder = Ledger.openExisting(join(folder, 'store'), 'change');
    await expect(runScenario(folder, seed(1))).rejects.toThrow(/store/);
    holder.close();
    expect(recordsOf(folder)).toBe(records + kept);
    renameSync(join(folder, 'store'), join(folder, 'elsewhere'));
    await expect(runScenario(folder, seed(1))).rejects.toThrow(/there is no .*store/);
    expect(recordsOf(folder)).toBe(records + kept);
    renameSync(join(folder, 'elsewhere'), join(folder, 'store'));
    rmSync(join(folder, 'checkpoint'));
    await expect(runScenario(folder, seed(1))).rejects.toThrow(/no checkpoint beside it/);
    expect(recordsOf(folder)).toBe(records + kept);
  });
});

it('keeps the uploads that late ones need, however late they may be', async () => {
  const rounds = 14;
  const late = `
nodes: 4
rounds: ${rounds}
deal: { people: 4, samplesPerNode: 12 }
round: { cohort: 2 }
evaluateEvery: ${rounds}
plan: { samplesPerRound: 5, strategy: fed-buff, maxStaleness: STALENESS }
`;
  const openVersions = async (staleness: number): Promise<Set<string>> => {
    const folder = newFolder();
    await runScenario(folder, late.replace('STALENESS', String(staleness)));
    const uploads = uploadsIn(join(folder, 'store'), rounds);
    return new Set(uploads.map((upload) => upload.split(' ')[0]));
  };
  // Ten versions at least, the staleness and one if they are more.
  expect((await openVersions(3)).size).toBe(10);
  expect((await openVersions(12)).size).toBe(13);
  const short = `${late.replace('STALENESS', '12')}keep: 12\n`;
  await expect(runScenario(newFolder(), short)).rejects.toMatchObject({
    code: 'ERR_CONFIG',
    remedy: expect.stringContaining('keep those of 13 or more') as string,
  });
});
