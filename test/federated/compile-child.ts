import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');

export interface CompiledChild {
  /** The entry as JavaScript. */
  readonly path: string;
  remove(): void;
}

/**
 * A test's child process as plain JavaScript, for one that starts twenty times: compiling in the
 * child would take longer than its work. `folders` of the repository hold all it imports.
 */
export function compileChild(entry: string, folders: readonly string[]): CompiledChild {
  // Inside the repository, so that packages are found.
  mkdirSync(join(root, 'build'), { recursive: true });
  const outDir = mkdtempSync(join(root, 'build', 'child-'));
  // The kernels that were built lie where the copy of host/ looks for them.
  symlinkSync('..', join(outDir, 'build'));
  const outPath = (path: string): string => join(outDir, path.replace(/\.ts$/, '.js'));
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
  for (const folder of folders) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const source = readFileSync(join(root, folder, name), 'utf8');
      const path = outPath(join(folder, name));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, ts.transpileModule(source, { compilerOptions }).outputText);
    }
  }
  return {
    path: outPath(relative(root, entry)),
    remove: () => rmSync(outDir, { recursive: true, force: true }),
  };
}
