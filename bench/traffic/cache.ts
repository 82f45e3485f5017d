/** Finished runs are files: an interrupted command goes on where it was. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../host/contract/contract.gen.js';
import { sha256, toHex } from '../../host/contract/hash.js';
import { loadKernelBytes, packagePath } from '../../host/kernel/load.js';
import { note, percent } from '../accuracy/report.js';
import { runScheme, type RoundResult, type ScoredSplit, type Setup } from './run.js';

/** What the values and bytes of a coded run depend on. */
const kernel = toHex(sha256(loadKernelBytes()));

/** Unless told otherwise. */
export const resultsFolder = packagePath('build/traffic');

export interface Job extends Setup {
  /** Names the data; absent: training and test samples of the file. */
  readonly part?: string;
}

/** Names a run by everything that its result depends on, data and this code aside: equal NUMERICS are equal bits. */
function runId({ task, scheme, lrShift, seed, part }: Job): string {
  const { model, plan, skipThreshold, classWeights } = task;
  const { title: _, ...rest } = scheme;
  const numerics = version.NUMERICS;
  const inputs = {
    ...{ model, plan, lrShift, skipThreshold, classWeights, scheme: rest, numerics, seed, part },
    kernel: scheme.arithmetic === 'linnet' ? kernel : undefined,
  };
  return toHex(sha256(new TextEncoder().encode(JSON.stringify(inputs)))).slice(0, 16);
}

/** The run of `job`, from `folder` if it is there. */
export async function cachedRun(
  job: Job,
  split: () => ScoredSplit,
  folder: string,
): Promise<RoundResult[]> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${runId(job)}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as RoundResult[];
  const run = await runScheme(job, split());
  const { task, scheme, lrShift, seed, part = 'test' } = job;
  const what = `${scheme.title}, 2^−${lrShift}, ${part}, seed ${seed}`;
  note(`${task.title.split(',')[0]}: ${what}: ${percent(run.at(-1)!.accuracy)} %`);
  writeFileSync(`${file}.part`, JSON.stringify(run));
  renameSync(`${file}.part`, file);
  return run;
}
