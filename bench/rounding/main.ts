/**
 * Which rounding of the weight update: the kernel compiled with each, trained on the same data, order and initial weights.
 *
 *   npm run bench:rounding -- [--seeds 5] [--task har-conv …] [--quick] [--json]
 */
import { parseArgs } from 'node:util';
import type { ModelSpec } from '../../host/model/descriptor.js';
import { LinnetArm } from '../accuracy/linnet-arm.js';
import { markdownTable, note, percent, runCommand, spread } from '../accuracy/report.js';
import { summarise, type Summary } from '../accuracy/statistics.js';
import { trainClassifier } from '../accuracy/targets/classification.js';
import { finalScore } from '../accuracy/targets/judge.js';
import type { Split, Trial } from '../accuracy/targets/task.js';
import { findTask } from '../accuracy/targets/tasks.js';
import { denseModel, loadTestSplit, tunedTasks } from '../accuracy/tasks.js';
import type { Tuning } from '../accuracy/training.js';
import { buildVariant, variants, type Variant } from './build.js';

interface Study {
  readonly name: string;
  readonly epochs: number;
  readonly tuning: Tuning;
  readonly score: string;
  load(): { readonly model: ModelSpec; readonly split: Split };
}

const skipThreshold = findTask('har-conv').skipThreshold;

/** A net of the target table, with its plan. */
function convStudy(name: string, score: string): Study {
  const { model, plan, testSplit } = findTask(name);
  const { classWeights } = plan;
  const tuning = {
    lrShift: plan.shifts.linnet,
    skipThreshold,
    ...(classWeights && { classWeights }),
  };
  const load = (): ReturnType<Study['load']> => ({ model, split: testSplit() });
  return { name: `${name} ${score}`, epochs: plan.epochs, tuning, score, load };
}

/** A net with one hidden layer. */
function denseStudy(name: 'har' | 'mnist'): Study {
  const { hidden, inputExponent, centralised } = tunedTasks[name];
  return {
    name: `${name}-dense accuracy`,
    epochs: centralised.epochs,
    tuning: { lrShift: centralised.shifts.linnet, skipThreshold },
    score: 'accuracy',
    load: () => {
      const { dataset, clients, test } = loadTestSplit(name);
      const train = clients.flat().sort((a, b) => a - b);
      return { model: denseModel(dataset, hidden, inputExponent), split: { dataset, train, test } };
    },
  };
}

const studies: readonly Study[] = [
  denseStudy('har'),
  denseStudy('mnist'),
  convStudy('har-conv', 'accuracy'),
  convStudy('mnist-conv', 'accuracy'),
  convStudy('ecg-conv', 'accuracy'),
];

interface Outcome {
  readonly study: Study;
  readonly trials: ReadonlyMap<Variant, readonly Trial[]>;
}

async function runStudy(
  study: Study,
  kernels: ReadonlyMap<Variant, Uint8Array>,
  seeds: number,
  quick: boolean,
): Promise<Outcome> {
  const { model, split } = study.load();
  const epochs = quick ? 1 : study.epochs;
  const trials = new Map<Variant, Trial[]>();
  for (const [variant, wasm] of kernels) {
    const own: Trial[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const open = (problem: Parameters<typeof LinnetArm.open>[0]): Promise<LinnetArm> =>
        LinnetArm.open(problem, wasm);
      const trial = await trainClassifier(open, model, split, epochs, study.tuning, seed);
      const score = percent(finalScore(trial, study.score));
      note(`${study.name}, ${variant.name}, seed ${seed}: ${score} %`);
      own.push(trial);
    }
    trials.set(variant, own);
  }
  return { study, trials };
}

/** Scores worth a column: macro-F1 too where classes are unequal. */
function columnsOf({
  study,
  trials,
}: Outcome): { title: string; scores: (v: Variant) => number[] }[] {
  const names = study.name.startsWith('ecg') ? ['accuracy', 'macroF1'] : ['accuracy'];
  return names.map((score) => ({
    title: study.name.replace('accuracy', score),
    scores: (variant) => trials.get(variant)!.map((trial) => finalScore(trial, score)),
  }));
}

function signed({ mean, halfWidth }: Summary): string {
  const width = Number.isFinite(halfWidth) ? ` ± ${percent(halfWidth)}` : '';
  return `${mean < 0 ? '−' : '+'}${percent(Math.abs(mean))}${width}`;
}

function formatTables(outcomes: readonly Outcome[]): string {
  const columns = outcomes.flatMap(columnsOf);
  const head = ['update', 'what', ...columns.map(({ title }) => title)];
  const [kept, ...others] = variants;
  const cells = (variant: Variant, text: (scores: number[], kept: number[]) => string): string[] =>
    columns.map(({ scores }) => text(scores(variant), scores(kept)));
  const values = variants.map((variant) => [
    variant.name,
    variant.text,
    ...cells(variant, (scores) => spread(summarise(scores))),
  ]);
  const differences = others.map((variant) => [
    `${variant.name} − ${kept.name}`,
    '',
    ...cells(variant, (scores, base) => signed(summarise(scores.map((v, i) => v - base[i])))),
  ]);
  return [
    'Test split, last epoch, %; mean ± standard deviation over seeds.',
    markdownTable(head, values),
    'Paired by seed, points; mean ± 95 % confidence interval (Student’s t).',
    markdownTable(head, differences),
  ].join('\n\n');
}

function toJson({ study, trials }: Outcome): unknown {
  const byVariant = Object.fromEntries([...trials].map(([{ name }, own]) => [name, own]));
  return { name: study.name, epochs: study.epochs, tuning: study.tuning, trials: byVariant };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      seeds: { type: 'string', default: '5' },
      task: { type: 'string', multiple: true, default: [] },
    },
  });
  const seeds = Number(values.seeds);
  if (!Number.isInteger(seeds) || seeds < 1) throw new Error('--seeds takes a whole number from 1');
  const named = (study: Study): boolean =>
    values.task.some((name) => study.name.startsWith(`${name} `));
  const chosen = values.task.length === 0 ? studies : studies.filter(named);
  if (chosen.length === 0) {
    throw new Error(`use ${studies.map(({ name }) => name.split(' ')[0]).join(', ')}`);
  }
  const kernels = new Map(variants.map((variant) => [variant, buildVariant(variant)]));
  const outcomes: Outcome[] = [];
  for (const study of chosen) outcomes.push(await runStudy(study, kernels, seeds, values.quick));
  const text = values.json ? JSON.stringify(outcomes.map(toJson), null, 2) : formatTables(outcomes);
  process.stdout.write(`${text}\n`);
}

await runCommand(main);
