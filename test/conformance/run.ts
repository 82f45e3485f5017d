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

/** Where two outcomes part: the outcome itself, or the first entry of a list that differs. */
function describeDifference(expected: unknown, actual: unknown): string | undefined {
  if (JSON.stringify(expected) === JSON.stringify(actual)) return undefined;
  const [a, b] = [expected, actual];
  if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const inner = describeDifference(a[key as keyof typeof a], b[key as keyof typeof b]);
      if (inner) return `[${key}] ${inner}`;
    }
  }
  return `expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
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
