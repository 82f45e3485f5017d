import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OracleMachine } from '../oracle/machine.js';
import { runScript } from '../oracle/run-script.js';
import type { Draft } from './groups/common.js';
import type { Case, VectorFile } from './script.js';

/** Where the vectors stand that the conformance suite uses. */
export const vectorDirectory = fileURLToPath(new URL('.', import.meta.url));

/** Fills in what the oracle says. Cases share one machine, as they share one kernel. */
export function buildVectors(group: string, drafts: readonly Draft[]): VectorFile {
  const machine = new OracleMachine();
  const cases = drafts.map(({ name, script }): Case => {
    try {
      return { name, script, outcomes: runScript(script, machine) };
    } catch (error) {
      throw new Error(`${group}, "${name}" is no test vector`, { cause: error });
    }
  });
  return { group, memoryBytes: memoryBytesOf(drafts), cases };
}

/** Linear memory that is enough for every plan of these cases. */
function memoryBytesOf(drafts: readonly Draft[]): number {
  const plans = drafts.flatMap(({ script }) => script.filter((step) => step.do === 'plan'));
  return Math.max(...plans.map((step) => step.memoryBytes));
}

/** Every case as a file of its own, with no more memory than it asks for. */
export function separateCases({ group, cases }: VectorFile): VectorFile[] {
  return cases.map((entry) => ({ group, memoryBytes: memoryBytesOf([entry]), cases: [entry] }));
}

/** One case per line, so that a change shows as the case it changes. */
export function formatVectors({ group, memoryBytes, cases }: VectorFile): string {
  const lines = cases.map((entry) => JSON.stringify(entry)).join(',\n');
  return `{"group":${JSON.stringify(group)},"memoryBytes":${memoryBytes},"cases":[\n${lines}\n]}\n`;
}

function pathOf(group: string, directory: string): string {
  return join(directory, `${group}.json`);
}

export function saveVectors(file: VectorFile, directory: string = vectorDirectory): void {
  writeFileSync(pathOf(file.group, directory), formatVectors(file));
}

/** The vectors of a group. Throws if the file is missing, empty or of another group. */
export function loadVectors(group: string, directory: string = vectorDirectory): VectorFile {
  const file = JSON.parse(readFileSync(pathOf(group, directory), 'utf8')) as VectorFile;
  const complete = file.cases.every(({ script, outcomes }) => script.length === outcomes.length);
  if (file.group !== group || file.cases.length === 0 || !complete) {
    throw new Error(`${pathOf(group, directory)} does not hold the vectors of ${group}`);
  }
  return file;
}
