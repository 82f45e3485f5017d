/** Finished runs are files: an interrupted command goes on where it was. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../host/contract/contract.gen.js';
import { sha256, toHex } from '../../host/contract/hash.js';
import { loadKernelBytes, packagePath } from '../../host/kernel/load.js';
import { note, percent } from '../accuracy/report.js';
import { runScheme, type RoundResult, type ScoredSplit, type Setup } from './run.js';

/** What the values and bytes of a coded run depend on. */
export const kernelHash = toHex(sha256(loadKernelBytes()));

/** Unless told otherwise. */
export const resultsFolder = packagePath('build/traffic');

export interface Job extends Setup {
  /** Names the data; absent: training and test samples of the file. */
  readonly part?: string;
}

/** Everything that the result depends on, data and this code aside: equal NUMERICS are equal bits. */
function inputsOf({ task, scheme, lrShift, seed, part }: Job): object {
  const { model, plan, skipThreshold, classWeights } = task;
  const { title: _, ...rest } = scheme;
  const numerics = version.NUMERICS;
  return {
    ...{ model, plan, lrShift, skipThreshold, classWeights, scheme: rest, numerics, seed, part },
    kernel: scheme.arithmetic === 'linnet' ? kernelHash : undefined,
  };
}

/** The value of `make`, from `folder` if it is there; `inputs` is everything that it depends on. */
export async function cachedValue<Value>(
  folder: string,
  inputs: object,
  make: () => Promise<Value>,
): Promise<Value> {
  mkdirSync(folder, { recursive: true });
  const hash = toHex(sha256(new TextEncoder().encode(JSON.stringify(inputs))));
  const file = join(folder, `${hash.slice(0, 16)}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Value;
  const value = await make();
  writeFileSync(`${file}.part`, JSON.stringify(value));
  renameSync(`${file}.part`, file);
  return value;
}

/** The run of `job`, from `folder` if it is there. */
export async function cachedRun(
  job: Job,
  split: () => ScoredSplit,
  folder: string,
): Promise<RoundResult[]> {
  return cachedValue(folder, inputsOf(job), async () => {
    const run = await runScheme(job, split());
    const { task, scheme, lrShift, seed, part = 'test' } = job;
    const what = `${scheme.title}, 2^−${lrShift}, ${part}, seed ${seed}`;
    note(`${task.title.split(',')[0]}: ${what}: ${percent(run.at(-1)!.accuracy)} %`);
    return run;
  });
}
