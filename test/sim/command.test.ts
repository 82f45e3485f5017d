/** `linnet sim` as users meet it: records, files, mistakes; the examples are scenarios. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addSimCommand } from '../../host/cli/sim.js';
import { progressLine, virtualTime } from '../../host/cli/sim/report.js';
import { sha256, toHex } from '../../host/contract/hash.js';
import { packagePath } from '../../host/kernel/load.js';
import { parseScenario } from '../../host/simulator/scenario.js';
import { runCommand, type CommandRun } from '../cli/run-command.js';
import { Scene } from '../e2e/scene.js';

const text = `
nodes: 6
rounds: 3
deal: { people: 3, samplesPerNode: 8 }
plan: { samplesPerRound: 4 }
`;

let scene: Scene;
beforeAll(() => {
  scene = new Scene();
});
afterAll(() => scene.end());

function simulate(yaml: string, ...flags: string[]): Promise<CommandRun> {
  const path = scene.path('scenario.yaml');
  writeFileSync(path, yaml);
  return runCommand(addSimCommand, 'sim', path, '--workers', '1', ...flags);
}

it('writes records, figures and the model', async () => {
  const folder = scene.path('out');
  const { stdout, error } = await simulate(text, '-o', folder, '--json');
  expect(error).toBeUndefined();
  const records = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(records.map(({ type }) => type)).toEqual(['round', 'round', 'round', 'summary']);
  const written = readFileSync(join(folder, 'rounds.ndjson'), 'utf8');
  expect(stdout.startsWith(written)).toBe(true);
  const model = new Uint8Array(readFileSync(join(folder, 'model.lns')));
  expect(toHex(sha256(model))).toBe(records.at(-1)!['modelHash']);
  for (const figure of ['scores.svg', 'people.svg', 'spent.svg']) {
    const svg = readFileSync(join(folder, figure), 'utf8');
    expect(svg).toMatch(/^<svg /);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  }
  expect(existsSync(join(folder, 'store', 'ledger.db'))).toBe(true);
});

it('scores the last version, which nodes tune for themselves', async () => {
  const yaml = `${text.replace('samplesPerNode: 8', 'samplesPerNode: 8, testShare: 0.3').replace('samplesPerRound: 4', 'samplesPerRound: 4, fineTune: 1')}evaluateEvery: 3\n`;
  const folder = scene.path('tuned');
  await simulate(yaml, '-o', folder);
  const summary = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) as object;
  expect(summary).toMatchObject({ rounds: 4, scores: { accuracy: expect.any(Number) as number } });
});

it('shows how far it is in a terminal, and nothing of it elsewhere', async () => {
  const elsewhere = await simulate(text, '-o', scene.path('no-terminal'));
  expect(elsewhere.stderr).not.toContain('\r');
  const { isTTY } = process.stderr;
  process.stderr.isTTY = true;
  try {
    const { stdout, stderr } = await simulate(text, '-o', scene.path('terminal'));
    expect(stderr).toMatch(
      /\r╌{30} {2}round 1 of 3, \d of 6 uploads, 0 d 00:00:\d\d|\r━+╌* {2}round/,
    );
    expect(stderr).toContain('\r\x1b[K');
    expect(stdout).not.toContain('\r');
  } finally {
    process.stderr.isTTY = isTTY;
  }
  const half = { round: 1, contributions: 3, hours: 1.5 };
  expect(progressLine({ nodes: 6, rounds: 3, round: { retrySeconds: 60 } }, half)).toBe(
    `${'━'.repeat(15)}${'╌'.repeat(15)}  round 2 of 3, 3 of 6 uploads, 0 d 01:30:00`,
  );
});

it.each([
  [text.replace('nodes: 6', 'node: 6'), /unknown key node: did you mean nodes/],
  [text.replace('samplesPerRound', 'samplesPerRounds'), /plan.samplesPerRounds is not a setting/],
  [
    `${text}fleet: [{ core: cortex-m9 }]`,
    /no core cortex-m9 with an accelerated kernel: use one of cortex-m/,
  ],
])('%j is refused', async (yaml, message) => {
  const { error } = await simulate(yaml, '-o', scene.path('refused'));
  expect(error?.message).toMatch(message);
  expect(error?.code).toBe('ERR_CONFIG');
});

it('says that a version can never be complete', async () => {
  const yaml = `${text}round: { deadlineMinutes: 1, quorum: 4 }\nfleet: [{ dropOut: 1 }]`;
  const { error } = await simulate(yaml, '-o', scene.path('stuck'));
  expect(error?.message).toMatch(/no node can complete version 0 any more: give/);
});

it.each(['no-such.yaml', '.'])('names a scenario that cannot be read: %s', async (name) => {
  const path = scene.path(name);
  const { error } = await runCommand(addSimCommand, 'sim', path, '-o', scene.path('unread'));
  expect(error?.code).toBe('ERR_CONFIG');
  expect(error?.message).toBe(
    `${path}: cannot be read: name a scenario that exists, such as examples/wearables.yaml`,
  );
});

it('needs a folder', async () => {
  const { error } = await simulate(text);
  expect(error?.message).toMatch(/no folder for the results: name one with --out/);
});

it.each(readdirSync(packagePath('examples')))('examples/%s is a scenario', (name) => {
  const path = join(packagePath('examples'), name);
  expect(parseScenario(readFileSync(path, 'utf8')).rounds).toBeGreaterThan(1);
});

it('virtual time is for people', () => {
  expect(virtualTime(26.51)).toBe('1 d 02:30:36');
});
