import { decodeResult, encodeTape, type TapeRuntime } from '../runtimes/tape.js';
import type { Case, Outcome, VectorFile } from '../vectors/script.js';
import { compileScript, readOutcomes } from './compile.js';

/** Runs every case of a file as one tape; the outcomes of each case. */
export async function runVectors(
  runtime: TapeRuntime,
  kernelWasm: Uint8Array,
  { cases, memoryBytes }: VectorFile,
): Promise<Outcome[][]> {
  const compiled = compileScript(cases.flatMap(({ script }) => script));
  const records = compiled.flatMap((step) => step.records);
  const result = await runtime.run(kernelWasm, encodeTape(records), { memoryBytes });
  const outcomes = readOutcomes(compiled, decodeResult(records, result));
  let at = 0;
  return cases.map(({ script }) => outcomes.slice(at, (at += script.length)));
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** The first place, depth first, at which two JSON values differ, in words. */
function describeDifference(expected: unknown, actual: unknown): string | undefined {
  if (!isTree(expected) || !isTree(actual)) {
    if (Object.is(expected, actual)) return undefined;
    return `expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const inner = describeDifference(expected[key], actual[key]);
    if (inner) return `${key}: ${inner}`;
  }
  return undefined;
}

/** The first step whose outcome differs from the vector, in words; undefined if none does. */
export function findDifference(
  { script, outcomes }: Case,
  actual: readonly Outcome[],
): string | undefined {
  for (const [i, step] of script.entries()) {
    const difference = describeDifference(outcomes[i], actual[i]);
    if (difference) return `step ${i} (${JSON.stringify(step).slice(0, 120)}): ${difference}`;
  }
  return undefined;
}
