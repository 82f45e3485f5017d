/** Compiles the kernel with another row update, into build/rounding/. */
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
import { loadKernelBytes, packagePath } from '../../host/kernel/load.js';

export interface Variant {
  readonly name: string;
  readonly text: string;
  /** Constants of bench/rounding/assembly/row.ts; absent: the kernel as it is. */
  readonly constants?: { readonly DRAWS: 0 | 1; readonly LIMITED: 0 | 1 };
}

/** V0, V2 and V5 of the study of costs, and as a control what happens without any care for the rest. */
export const variants: readonly Variant[] = [
  { name: 'V5', text: 'error diffusion along the row, one draw' },
  {
    name: 'V0',
    text: 'a draw per weight, steps limited',
    constants: { DRAWS: 1, LIMITED: 1 },
  },
  {
    name: 'V2',
    text: 'a draw per weight, natural saturation',
    constants: { DRAWS: 1, LIMITED: 0 },
  },
  { name: 'none', text: 'rounded down, no draw', constants: { DRAWS: 0, LIMITED: 1 } },
];

const replacement = packagePath('bench/rounding/assembly/row.ts');

interface CompilerConfig {
  readonly entries: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly targets: { readonly portable: { readonly use: readonly string[] } };
}

/** The options of the portable kernel, with the constants of a variant and another place for the result. */
function configOf(constants: NonNullable<Variant['constants']>): unknown {
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

/** Sources of the kernel and the replacement, so that a variant is compiled when one of them has changed. */
function fingerprint(config: string): string {
  const hash = createHash('sha256').update(config);
  const files = readdirSync(packagePath('assembly'), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts')).sort()) {
    hash.update(file).update(readFileSync(packagePath(`assembly/${file}`)));
  }
  return hash.update(readFileSync(replacement)).digest('hex').slice(0, 16);
}

/** The portable kernel with the row update of `variant`. Throws what the compiler said. */
export function buildVariant({ constants }: Variant): Uint8Array {
  if (constants === undefined) return loadKernelBytes();
  const config = JSON.stringify(configOf(constants));
  const kept = packagePath(`build/rounding/${fingerprint(config)}.wasm`);
  if (!existsSync(kept)) {
    mkdirSync(packagePath('build/rounding'), { recursive: true });
    const folder = mkdtempSync(packagePath('build/rounding/source-'));
    cpSync(packagePath('assembly'), join(folder, 'assembly'), { recursive: true });
    copyFileSync(replacement, join(folder, 'assembly/optim/row.ts'));
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
