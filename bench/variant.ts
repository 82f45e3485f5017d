/** Compiles the portable kernel with some of its files replaced: what a benchmark compares it with. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { packagePath } from '../host/kernel/load.js';

export interface KernelVariant {
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

/** All that is compiled, so that a variant is compiled anew when some of it has changed. */
function fingerprint(config: string, replacements: KernelVariant['replacements']): string {
  const hash = createHash('sha256').update(config);
  const files = readdirSync(packagePath('assembly'), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts')).sort()) {
    hash.update(file).update(readFileSync(packagePath(`assembly/${file}`)));
  }
  for (const [file, replacement] of Object.entries(replacements)) {
    hash.update(file).update(readFileSync(packagePath(replacement)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** The bytes of the variant, kept in build/variants/. Throws what the compiler said. */
export function buildKernelVariant({ replacements, constants = {} }: KernelVariant): Uint8Array {
  const config = JSON.stringify(configOf(constants));
  const variants = packagePath('build/variants');
  const kept = join(variants, `${fingerprint(config, replacements)}.wasm`);
  if (!existsSync(kept)) {
    mkdirSync(variants, { recursive: true });
    const folder = mkdtempSync(join(variants, 'source-'));
    cpSync(packagePath('assembly'), join(folder, 'assembly'), { recursive: true });
    for (const [file, replacement] of Object.entries(replacements)) {
      copyFileSync(packagePath(replacement), join(folder, 'assembly', file));
    }
    writeFileSync(join(folder, 'asconfig.json'), config);
    const compiler = packagePath('node_modules/assemblyscript/bin/asc.js');
    execFileSync(process.execPath, [compiler, '--target', 'portable'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    renameSync(join(folder, 'kernel.wasm'), kept);
    rmSync(folder, { recursive: true });
  }
  return new Uint8Array(readFileSync(kept));
}
