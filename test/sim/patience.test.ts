/** Nodes that may look for ever whether they may take part: when a simulation gives them up, and when it does not. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LinnetError } from '../../host/contract/error.js';
import { Scene } from '../e2e/scene.js';
import { runScenario, type Ran, type RunChanges } from './rig.js';

/** Awake ten minutes of each hour and at the charger in others: of some nodes the two never meet. */
const apart = `
seed: 5
nodes: 16
rounds: 3
deal: { people: 4, samplesPerNode: 12 }
plan: { samplesPerRound: 5, whileCharging: true }
round: { quorum: 14, deadlineMinutes: 360 }
fleet:
  - awake: { everyMinutes: 60, forMinutes: 10 }
    conditions: { charging: { everyMinutes: 60, forMinutes: 20 } }
`;
const limitHours = 30 * 24;

let scene: Scene;
let folders = 0;

beforeAll(() => {
  scene = new Scene();
});
afterAll(() => scene.end());

function run(yaml: string, changes: RunChanges = {}, folder = `p-${folders++}`): Promise<Ran> {
  return runScenario(scene.path(folder), yaml, changes);
}

async function failureOf(ran: Promise<Ran>): Promise<LinnetError> {
  return ran.then(
    () => expect.unreachable(),
    (error: unknown) => error as LinnetError,
  );
}

it('ends where no upload counts any more, at a moment that no interruption moves', async () => {
  const failure = await failureOf(run(apart));
  expect(failure).toMatchObject({
    code: 'ERR_CONFIG',
    message: expect.stringMatching(
      /^no upload for version 0 has counted in 30 virtual days, from hour .*awake while they charge/,
    ) as string,
  });
  const [from, to] = /hour ([\d.]+) to ([\d.]+)/.exec(failure.message)!.slice(1).map(Number);
  expect(from).toBeGreaterThan(0);
  expect(to).toBeGreaterThan(from + limitHours);
  expect(to).toBeLessThan(from + limitHours + 1);

  expect((await failureOf(run(apart, { batch: 1 }))).message).toBe(failure.message);
  for (const atHours of [0.1, 400]) {
    const folder = `interrupted-${atHours}`;
    const stop = new AbortController();
    const onProgress = ({ hours }: { readonly hours: number }): void => {
      if (hours >= atHours) stop.abort(new Error('stop'));
    };
    const stopped = run(apart, { batch: 1, signal: stop.signal, onProgress }, folder);
    await expect(stopped).rejects.toThrow('stop');
    expect((await failureOf(run(apart, {}, folder))).message).toBe(failure.message);
  }
});

it('does without a deadline too', async () => {
  const waiting = apart.replace(/^round: .*$/m, 'round: { cohort: 14 }');
  expect((await failureOf(run(waiting))).message).toMatch(/^no upload for version 0 has counted/);
});

const rare = `
nodes: 4
rounds: 2
deal: { people: 4, samplesPerNode: 12 }
`;

it.each([
  [
    'sleep longer than that',
    `${rare}plan: { samplesPerRound: 5 }
fleet: [{ awake: { everyMinutes: 72000, forMinutes: 10 } }]`,
  ],
  [
    'wait longer than that for samples',
    `${rare}plan: { samplesPerRound: 5, minSamples: 9 }
fleet: [{ reservoir: { slots: 9, everyMinutes: 6000 } }]`,
  ],
  [
    'work longer than that while others look in vain, of whom no more are needed',
    `${rare}plan: { samplesPerRound: 5, whileCharging: true }
round: { cohort: 2 }
fleet:
  - { awake: { everyMinutes: 1440, forMinutes: 0.01 }, megahertz: 0.001 }
  - awake: { everyMinutes: 60, forMinutes: 1 }
    conditions: { charging: { everyMinutes: 60, forMinutes: 1 } }`,
  ],
  [
    'wait longer than that for the deadline',
    apart.replace('quorum: 14, deadlineMinutes: 360', 'quorum: 1, deadlineMinutes: 72000'),
  ],
])('goes on where nodes %s', async (_, yaml) => {
  const { records } = await run(yaml);
  expect(records.at(-1)!.hours).toBeGreaterThan(limitHours);
});
