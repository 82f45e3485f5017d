/** Every scenario of examples/ runs: two rounds of it, with fewer nodes where they are many, and what it leaves agrees. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { addSimCommand } from '../../host/cli/sim.js';
import type { SimulationSummary } from '../../host/cli/sim/report.js';
import { packagePath } from '../../host/kernel/load.js';
import type { RoundRecord } from '../../host/simulator/records.js';
import { parseScenario, type Scenario } from '../../host/simulator/scenario.js';
import { runCommand } from '../cli/run-command.js';
import { Scene } from '../e2e/scene.js';

const examples = readdirSync(packagePath('examples'));
const rounds = 2;
const mostNodes = 40;

interface Written extends Record<string, unknown> {
  readonly nodes: number;
  readonly deal?: Scenario['deal'];
  readonly round?: Scenario['round'];
}

/** The example with as many rounds and nodes; cohort, quorum and people keep their parts of the nodes. */
function shorten(text: string): string {
  const written = parse(text) as Written;
  const { nodes } = written;
  const part = (count: number): number => Math.ceil((count * Math.min(nodes, mostNodes)) / nodes);
  const scaled = (section: object | undefined, names: readonly string[]): object =>
    Object.fromEntries(
      Object.entries(section ?? {}).map(([name, value]: [string, unknown]) => [
        name,
        names.includes(name) ? part(value as number) : value,
      ]),
    );
  return stringify({
    ...{ ...written, rounds, nodes: part(nodes), evaluateEvery: 1 },
    deal: scaled(written.deal, ['people']),
    round: scaled(written.round, ['cohort', 'quorum']),
  });
}

/** Files that a scenario needs and this checkout has not: data are the user's. */
function missingOf({ task }: Scenario): string | undefined {
  const paths = [task['data'], task['model']].filter((path) => path !== undefined).map(String);
  return paths.find((path) => !existsSync(path));
}

/** Values that a figure draws, by their height: [panels · series][points] in pixels. */
function linesOf(svg: string): number[][] {
  return [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) =>
    points.split(' ').map((point) => Number(point.split(',')[1])),
  );
}

/** Numbers along the y axis of the first panel, and their heights. */
function ticksOf(svg: string): { readonly value: number; readonly y: number }[] {
  const ticks = [...svg.matchAll(/<text x="44" y="([\d.]+)" text-anchor="end"[^>]*>([\d.]+)</g)];
  return ticks.map(([, y, value]) => ({ value: Number(value), y: Number(y) - 4 }));
}

/** What a height in the first panel says. */
function valueAt(svg: string, y: number): number {
  const [first, ...others] = ticksOf(svg);
  const last = others.at(-1)!;
  return first.value + ((y - first.y) * (last.value - first.value)) / (last.y - first.y);
}

let scene: Scene;
beforeAll(() => {
  scene = new Scene();
});
afterAll(() => scene.end());

it('there are examples', () => {
  expect(examples.length).toBeGreaterThan(0);
});

describe.each(examples)('examples/%s', (name) => {
  const text = readFileSync(join(packagePath('examples'), name), 'utf8');
  const missing = missingOf(parseScenario(text));

  it.skipIf(missing)(`runs${missing ? `, where ${missing} is` : ''}`, async () => {
    const folder = scene.path(`of-${name}`);
    const path = scene.path(name);
    writeFileSync(path, shorten(text));
    const { error } = await runCommand(addSimCommand, 'sim', path, '-o', folder, '--workers', '1');
    expect(error).toBeUndefined();
    const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

    const lines = read('rounds.ndjson').trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as RoundRecord);
    expect(records.map(({ round }) => round)).toEqual([1, 2]);
    const [first, last] = records;
    expect(last.hours).toBeGreaterThan(first.hours);
    expect(last.bytesUp).toBeGreaterThan(first.bytesUp);
    expect(last.modelHash).not.toBe(first.modelHash);

    const summary = JSON.parse(read('summary.json')) as SimulationSummary;
    const { hours, modelHash, scores } = last;
    expect(summary).toMatchObject({ rounds, hours, modelHash, scores });
    const contributions = summary.groups.reduce((sum, group) => sum + group.contributions, 0);
    expect(contributions).toBe(first.contributions + last.contributions);

    const accuracy = read('scores.svg');
    const spent = read('spent.svg');
    const people = read('people.svg');
    expect(linesOf(accuracy).map(({ length }) => length)).toEqual(Array(6).fill(rounds));
    expect(linesOf(spent).map(({ length }) => length)).toEqual(Array(4).fill(rounds));
    expect(linesOf(people).map(({ length }) => length)).toEqual([rounds]);
    const shown = (svg: string, line: number): number[] =>
      linesOf(svg)[line].map((y) => valueAt(svg, y));
    records.forEach((record, i) => {
      expect(shown(accuracy, 0)[i]).toBeCloseTo(100 * record.scores!['accuracy'], 0);
      expect(shown(accuracy, 1)[i]).toBeCloseTo(100 * record.scores!['macroF1'], 0);
      const each = Object.values(record.people!);
      const mean = each.reduce((sum, one) => sum + one, 0) / each.length;
      expect(shown(people, 0)[i]).toBeCloseTo(100 * mean, 0);
      expect(shown(spent, 0)[i] / (record.bytesUp / 1e6)).toBeCloseTo(1, 1);
    });
  });
});
