/** The kernel with another row update. */
import { loadKernelBytes } from '../../host/kernel/load.js';
import { buildKernelVariant } from '../variant.js';

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

/** The portable kernel with the row update of `variant`. Throws what the compiler said. */
export function buildVariant({ constants }: Variant): Uint8Array {
  if (constants === undefined) return loadKernelBytes();
  const replacements = { 'optim/row.ts': 'bench/rounding/assembly/row.ts' };
  return buildKernelVariant({ replacements, constants });
}
