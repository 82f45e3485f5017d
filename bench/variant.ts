/** Compiles the portable kernel with some of its files replaced: what a benchmark compares it with. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath } from '../host/kernel/load.js';

export interface KernelVariant {
  /** Folder below build/variants/. */
  readonly name: string;
  /** File below assembly/ → file that takes its place, from the root of the project. */
  readonly replacements: Readonly<Record<string, string>>;
  /** Integer constants the replacements ask for. */
  readonly constants?: Readonly<Record<string, number>>;
}

interface CompilerConfig {
  readonly entries: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly targets: { readonly portable: { readonly use: readonly string[] } };
}

/** The options of the portable kernel, with more constants and another place for the result. */
function configOf(constants: Readonly<Record<string, number>>): unknown {
  const text = readFileSync(packagePath('asconfig.json'), 'utf8');
  const { entries, options, targets } = JSON.parse(text) as CompilerConfig;
  const uses = Object.entries(constants).map(([key, value]) => `${key}=${value}`);
  const portable = {
    ...targets.portable,
    outFile: 'kernel.wasm',
    textFile: 'kernel.wat',
    use: [...targets.portable.use, ...uses],
  };
  return { entries, options, targets: { portable } };
}

/** The bytes of the variant. Throws what the compiler said. */
export function buildKernelVariant({
  name,
  replacements,
  constants = {},
}: KernelVariant): Uint8Array {
  const folder = packagePath(`build/variants/${name}`);
  rmSync(folder, { recursive: true, force: true });
  cpSync(packagePath('assembly'), join(folder, 'assembly'), { recursive: true });
  for (const [file, replacement] of Object.entries(replacements)) {
    copyFileSync(packagePath(replacement), join(folder, 'assembly', file));
  }
  writeFileSync(join(folder, 'asconfig.json'), JSON.stringify(configOf(constants)));
  const compiler = packagePath('node_modules/assemblyscript/bin/asc.js');
  execFileSync(process.execPath, [compiler, '--target', 'portable'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return new Uint8Array(readFileSync(join(folder, 'kernel.wasm')));
}
