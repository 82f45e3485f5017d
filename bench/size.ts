/** `npm run size`: every byte of RAM and flash of a Cortex-M4 node that trains the ECG model. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BytesByName } from './image.js';
import { sumBytes } from './image.js';
import { measureNode, type NodeBytes } from './measure-node.js';
import { modelEcg } from './models.js';

/** Limits for the ECG model, bytes. */
export interface Budget {
  readonly ramBytes: number;
  readonly flashBytes: number;
}

export function readBudget(): Budget {
  const path = fileURLToPath(new URL('../firmware/budget.json', import.meta.url));
  return JSON.parse(readFileSync(path, 'utf8')) as Budget;
}

function formatLine(name: string, bytes: number): string {
  return `  ${name.padEnd(48)}${String(bytes).padStart(8)}`;
}

function formatParts(parts: BytesByName): string[] {
  return [...parts].map(([name, bytes]) => formatLine(name, bytes));
}

function formatTotal(bytes: number, limit: number): string {
  return `${formatLine('total', bytes)}  of ${limit} allowed`;
}

export function formatReport(node: NodeBytes, budget: Budget): string {
  const { image } = node;
  return [
    `RAM, bytes (model ${modelEcg.shape.join('-')}, most ever used, in QEMU)`,
    ...formatParts(image.ram),
    formatLine(`stack (${image.stackReserve} set aside)`, node.stackUsed),
    ...formatParts(node.heap),
    formatTotal(node.ramBytes, budget.ramBytes),
    '',
    'Flash, bytes (image)',
    ...formatParts(image.flash),
    formatTotal(node.flashBytes, budget.flashBytes),
    '',
    'Flash of the store, bytes (not counted above)',
    ...formatParts(node.store),
    formatLine('total', sumBytes(node.store)),
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const node = await measureNode(modelEcg, 'linnet-node-40k');
    const budget = readBudget();
    const parts = (map: BytesByName): object => Object.fromEntries(map);
    const { image, heap, store, ...totals } = node;
    const json = {
      ...totals,
      budget,
      ram: { ...parts(image.ram), stack: node.stackUsed, ...parts(heap) },
      flash: parts(image.flash),
      store: parts(store),
    };
    const wantsJson = process.argv.includes('--json');
    console.log(wantsJson ? JSON.stringify(json, null, 2) : formatReport(node, budget));
    const fits = node.ramBytes <= budget.ramBytes && node.flashBytes <= budget.flashBytes;
    process.exitCode = fits ? 0 : 1;
  } catch (error) {
    console.error(`Nothing measured: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
