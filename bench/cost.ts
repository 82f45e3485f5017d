/**
 * `npm run bench:cost`: fits the cost model of `linnet model inspect` to exact instruction counts and
 * writes firmware/cost.json with the error it reaches, also on models it was not fitted to.
 */
import { writeFileSync } from 'node:fs';
import {
  kernelBuilds,
  loadKernelBytes,
  packagePath,
  type KernelBuild,
} from '../host/kernel/load.js';
import { predict, type CostFile, type FittedCost } from '../host/model/cost.js';
import type { Core } from '../test/runtimes/qemu.js';
import { countModel, type Counted } from './cost-count.js';
import { fittedModels, heldOutModels, type CostModel } from './cost-models.js';
import { fitNonNegative } from './least-squares.js';

const cores: readonly Core[] = ['cortex-m4', 'cortex-m0'];

async function countModels(
  core: Core,
  build: KernelBuild,
  models: readonly CostModel[],
): Promise<Counted[]> {
  const kernel = loadKernelBytes(build);
  const counted: Counted[] = [];
  for (const model of models) {
    counted.push(...(await countModel(core, kernel, model)));
    process.stderr.write('.');
  }
  return counted;
}

function relativeErrors(
  counted: readonly Counted[],
  coefficients: Readonly<Record<string, number>>,
) {
  const list = counted.map(({ terms, instructions }) =>
    Math.abs(predict(terms, coefficients) / instructions - 1),
  );
  const round = (value: number): number => Math.round(1e4 * value) / 1e4;
  return {
    mean: round(list.reduce((sum, value) => sum + value, 0) / list.length),
    max: round(Math.max(...list)),
    models: counted.filter(({ what }) => what.endsWith(': infer')).length,
  };
}

function fit(counted: readonly Counted[]): Record<string, number> {
  const names = [...new Set(counted.flatMap(({ terms }) => Object.keys(terms)))].sort();
  const found = fitNonNegative(
    counted.map(({ terms }) => names.map((name) => terms[name] ?? 0)),
    counted.map(({ instructions }) => instructions),
  );
  return Object.fromEntries(names.map((name, i) => [name, Math.round(1000 * found[i]) / 1000]));
}

async function fitBuild(core: Core, build: KernelBuild): Promise<FittedCost> {
  const fitted = await countModels(core, build, fittedModels);
  const heldOut = await countModels(core, build, heldOutModels);
  const coefficients = fit(fitted);
  console.error(`\n${core} ${build}`);
  for (const { what, instructions, terms } of [...fitted, ...heldOut]) {
    const predicted = predict(terms, coefficients);
    const off = (100 * (predicted / instructions - 1)).toFixed(1);
    console.error(
      `  ${what}: ${Math.round(instructions)} counted, ${predicted} predicted, ${off} %`,
    );
  }
  return {
    coefficients,
    fitted: relativeErrors(fitted, coefficients),
    heldOut: relativeErrors(heldOut, coefficients),
  };
}

try {
  const file: CostFile = { command: 'npm run bench:cost', cores: {} };
  for (const core of cores) {
    const builds: Record<string, FittedCost> = {};
    for (const build of kernelBuilds) builds[build] = await fitBuild(core, build);
    file.cores[core] = builds;
  }
  const path = packagePath('firmware/cost.json');
  writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`);
  console.error(`wrote ${path}`);
} catch (error) {
  console.error(`Nothing fitted: ${(error as Error).message}`);
  process.exitCode = 1;
}
