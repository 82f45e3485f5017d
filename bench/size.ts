/** `npm run size`: every byte of RAM and flash of Cortex-M4 nodes that train the convolutional nets. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { KernelBuild } from '../host/kernel/load.js';
import type { BytesByName } from './image.js';
import { sumBytes } from './image.js';
import { measureNode, type NodeBytes, type NodeImage } from './measure-node.js';
import type { Implementation } from './instructions.js';
import { modelEcg, modelHar, type MeasuredModel } from './models.js';
import { runProgram } from './program.js';

/** Limits: bytes of the image and of all RAM while a model is trained, instructions. */
export interface Budget {
  readonly flashBytes: number;
  readonly ramBytes: Readonly<Record<'ECG' | 'HAR', number>>;
  /** Longest stretch without a look at the link, by model and kernel (bench/latency.ts). */
  readonly stretchInstructions: Readonly<Record<string, Readonly<Record<KernelBuild, number>>>>;
  /** Of a sample, by model and implementation, as bench/mcu.ts counts them. */
  readonly instructions: Readonly<
    Record<string, Partial<Record<Implementation, { train: number; infer: number }>>>
  >;
}

/** What is measured; the ECG node runs on a board that has no more RAM than its budget. */
export const sizedNodes: readonly {
  readonly name: keyof Budget['ramBytes'];
  readonly model: MeasuredModel;
  readonly image: NodeImage;
}[] = [
  { name: 'ECG', model: modelEcg, image: 'linnet-node-32k' },
  { name: 'HAR', model: modelHar, image: 'linnet-node' },
];

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

function formatRam({ title }: MeasuredModel, node: NodeBytes, limit: number): string[] {
  return [
    `RAM, bytes (${title}, accelerated kernel, most ever used, in QEMU)`,
    ...formatParts(node.image.ram),
    formatLine(`stack (${node.image.stackReserve} set aside)`, node.stackUsed),
    ...formatParts(node.heap),
    formatTotal(node.ramBytes, limit),
    '',
  ];
}

function formatFlash({ image, flashBytes, store }: NodeBytes, limit: number): string[] {
  return [
    'Flash, bytes (image)',
    ...formatParts(image.flash),
    formatTotal(flashBytes, limit),
    '',
    'Flash of the store, bytes (not counted above)',
    ...formatParts(store),
    formatLine('total', sumBytes(store)),
    '',
  ];
}

function toJson({ image, heap, store, ...totals }: NodeBytes): object {
  const parts = (map: BytesByName): object => Object.fromEntries(map);
  return {
    ...totals,
    ram: { ...parts(image.ram), stack: totals.stackUsed, ...parts(heap) },
    flash: parts(image.flash),
    store: parts(store),
  };
}

async function main(): Promise<boolean> {
  const budget = readBudget();
  const lines: string[] = [];
  const json: Record<string, object> = {};
  let fits = true;
  for (const { name, model, image } of sizedNodes) {
    const node = await measureNode(model, image);
    const limit = budget.ramBytes[name];
    fits &&= node.ramBytes <= limit && node.flashBytes <= budget.flashBytes;
    lines.push(...formatRam(model, node, limit));
    if (name === 'ECG') lines.push(...formatFlash(node, budget.flashBytes));
    json[name] = toJson(node);
  }
  const wantsJson = process.argv.includes('--json');
  console.log(wantsJson ? JSON.stringify({ budget, ...json }, null, 2) : lines.join('\n'));
  return fits;
}

await runProgram(import.meta.url, async () => {
  process.exitCode = (await main()) ? 0 : 1;
});
