/** Compiles the kernel with another row update, into build/rounding/. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** The portable kernel with the row update of `variant`. Throws what the compiler said. */
export function buildVariant({ name, constants }: Variant): Uint8Array {
  if (constants === undefined) return loadKernelBytes();
  const folder = packagePath(`build/rounding/${name}`);
  rmSync(folder, { recursive: true, force: true });
  cpSync(packagePath('assembly'), join(folder, 'assembly'), { recursive: true });
  const replacement = packagePath('bench/rounding/assembly/row.ts');
  copyFileSync(replacement, join(folder, 'assembly/optim/row.ts'));
  writeFileSync(join(folder, 'asconfig.json'), JSON.stringify(configOf(constants)));
  const compiler = packagePath('node_modules/assemblyscript/bin/asc.js');
  execFileSync(process.execPath, [compiler, '--target', 'portable'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return new Uint8Array(readFileSync(join(folder, 'kernel.wasm')));
}
