/**
 * Writes what three languages share from schema.ts, or with --check fails if a file differs.
 * Run it with `npm run gen` (add `-- --check` to verify only).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { emitAssemblyScript } from './emit-assemblyscript.js';
import { emitC, emitCMessagesHeader, emitCMessagesSource } from './emit-c.js';
import { emitSpecTables } from './emit-spec.js';
import { emitTypeScript } from './emit-typescript.js';
import { emitLock } from './lock.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Path → text of every generated file, given the text that stands there now. */
export function generateFiles(read: (path: string) => string): Map<string, string> {
  return new Map([
    ['host/contract/schema.lock.json', emitLock(read('host/contract/schema.lock.json'))],
    ['host/contract/contract.gen.ts', emitTypeScript()],
    ['assembly/contract.gen.ts', emitAssemblyScript()],
    ['firmware/include/linnet_contract.h', emitC()],
    ['firmware/src/messages.gen.h', emitCMessagesHeader()],
    ['firmware/src/messages.gen.c', emitCMessagesSource()],
    ['docs/SPEC.md', emitSpecTables(read('docs/SPEC.md'))],
  ]);
}

export function readOrEmpty(path: string): string {
  try {
    return readFileSync(root + path, 'utf8');
  } catch {
    return '';
  }
}

function main(): void {
  const checkOnly = process.argv.includes('--check');
  const stale: string[] = [];
  for (const [path, text] of generateFiles(readOrEmpty)) {
    if (readOrEmpty(path) === text) continue;
    if (checkOnly) stale.push(path);
    else writeFileSync(root + path, text);
  }
  if (stale.length > 0) {
    console.error(
      `Generated files differ from the schema: ${stale.join(', ')}. Run \`npm run gen\`.`,
    );
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
