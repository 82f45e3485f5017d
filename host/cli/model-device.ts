/** The device a model is for: what it has, what the model needs of it, and a refusal in words. */
import { LinnetError } from '../contract/error.js';
import type { Kernel } from '../kernel/kernel.js';
import { kernelBuilds, oneOfBuild, type KernelBuild } from '../kernel/load.js';
import {
  findFittingChanges,
  fits,
  type Budget,
  type DeviceImage,
  type Fitted,
} from '../model/budget.js';
import { loadFootprints, type Need, type Part } from '../model/footprint.js';
import type { ModelSpec } from '../model/spec.js';
import type { Column, Output } from './output.js';
import { freezeSetting } from './task.js';
import { resolveSettings, type Resolved, type SettingTable } from './settings.js';

export const deviceSettings = {
  ram: {
    kind: 'text',
    value: 'bytes',
    text: 'RAM of the device, such as 64k: refuse what needs more',
  },
  flash: { kind: 'text', value: 'bytes', text: 'flash of the device, such as 512k' },
  sector: { kind: 'text', value: 'bytes', text: 'erase unit of its flash', default: '4k' },
  core: { kind: 'text', text: 'its processor', default: 'cortex-m4' },
  kernel: {
    kind: 'text',
    text: 'build of the kernel',
    choices: kernelBuilds,
    default: 'accelerated',
  },
  freeze: freezeSetting,
} as const satisfies SettingTable;

export interface TargetDevice extends DeviceImage {
  readonly core: string;
  readonly build: KernelBuild;
  readonly budget: Budget;
  /** Layers that are not trained, as the user listed them. */
  readonly freeze: string | undefined;
}

/** 64k -> 65,536; k = 1024, m = 1024². Throws ERR_USAGE. */
export function parseBytes(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([km]?)(?:i?b)?$/i.exec(text.trim());
  const unit = { '': 1, k: 1024, m: 1024 ** 2 }[match?.[2].toLowerCase() ?? ''] ?? NaN;
  const bytes = match ? Number(match[1]) * unit : NaN;
  if (Number.isInteger(bytes) && bytes > 0) return bytes;
  throw new LinnetError('ERR_USAGE', `--${flag}: "${text}" is no size`, {
    remedy: 'write bytes, or a number with k or m, such as 64k',
  });
}

export function resolveDevice(
  flags: Readonly<Record<string, unknown>>,
  configPath: string | undefined,
): TargetDevice {
  const settings: Resolved<typeof deviceSettings> = resolveSettings(
    'device',
    deviceSettings,
    flags,
    configPath,
  );
  const { core } = settings;
  const build = settings.kernel as KernelBuild;
  const { cores } = loadFootprints();
  const image = cores[core]?.[build];
  if (image === undefined) {
    const known = Object.entries(cores).flatMap(([name, builds]) =>
      Object.keys(builds).map((other) => `${name} ${other}`),
    );
    throw new LinnetError('ERR_USAGE', `${oneOfBuild[build]} node on ${core} was never measured`, {
      remedy: `use one of ${known.join(', ')}`,
    });
  }
  const size = (text: string | undefined, flag: string): number | undefined =>
    text === undefined ? undefined : parseBytes(text, flag);
  return {
    core,
    build,
    image,
    sectorBytes: parseBytes(settings.sector, 'sector'),
    budget: { ramBytes: size(settings.ram, 'ram'), flashBytes: size(settings.flash, 'flash') },
    freeze: settings.freeze,
  };
}

const columns: readonly Column[] = [
  { title: '', width: 44 },
  { title: 'bytes', width: 10, align: 'right' },
];

function printParts(
  output: Output,
  title: string,
  parts: readonly Part[],
  total: number,
  limit: number | undefined,
): void {
  output.line();
  output.tableHead([{ ...columns[0], title }, columns[1]]);
  for (const { name, bytes } of parts) output.tableRow(columns, [name, bytes]);
  const of = limit === undefined ? '' : ` of ${limit}`;
  const verdict =
    limit === undefined ? '' : total <= limit ? '  fits' : `  ${total - limit} too many`;
  output.line(`${'total'.padEnd(columns[0].width)}  ${String(total).padStart(10)}${of}${verdict}`);
}

/** Who needs what. */
export function printNeed(output: Output, need: Need, { core, build, budget }: TargetDevice): void {
  printParts(output, `RAM (${core}, ${build})`, need.ram, need.ramBytes, budget.ramBytes);
  printParts(output, 'flash', need.flash, need.flashBytes, budget.flashBytes);
}

function describeExcess(need: Need, budget: Budget): string {
  const parts: string[] = [];
  if (need.ramBytes > (budget.ramBytes ?? Infinity)) {
    parts.push(`${need.ramBytes} bytes of RAM, ${budget.ramBytes} are there`);
  }
  if (need.flashBytes > (budget.flashBytes ?? Infinity)) {
    parts.push(`${need.flashBytes} bytes of flash, ${budget.flashBytes} are there`);
  }
  return parts.join('; ');
}

/** Changes shown beside the cheapest one. */
const shownChanges = 5;

function describeChange({ change, need }: Fitted): string {
  return `${change.text} (RAM ${need.ramBytes}, flash ${need.flashBytes})`;
}

function printChanges(output: Output, changes: readonly Fitted[]): void {
  output.line();
  if (changes.length === 0) return;
  output.line('Changes that make it fit, the cheapest first:');
  for (const fitted of changes.slice(0, shownChanges)) output.line(`  ${describeChange(fitted)}`);
}

/**
 * Throws ERR_BUDGET if a model needs more than its device has, after printing the changes that would make
 * it fit, each planned by the kernel.
 */
export function checkBudget(
  output: Output,
  kernel: Kernel,
  spec: ModelSpec,
  need: Need,
  device: TargetDevice,
  frozenLayers: number,
): void {
  const { budget } = device;
  if (fits(need, budget)) return;
  const { fitting: changes, nearest } = findFittingChanges(
    kernel,
    spec,
    device,
    budget,
    frozenLayers,
  );
  printChanges(output, changes);
  output.record({
    type: 'refused',
    ...need,
    budget,
    changes: changes
      .slice(0, shownChanges)
      .map(({ change, need: { ramBytes, flashBytes }, loss }) => ({
        text: change.text,
        ramBytes,
        flashBytes,
        loss,
      })),
  });
  throw new LinnetError('ERR_BUDGET', `the model needs ${describeExcess(need, budget)}`, {
    remedy: describeRemedy(changes.at(0), nearest),
  });
}

function describeRemedy(cheapest: Fitted | undefined, nearest: Fitted | undefined): string {
  if (cheapest) return `the cheapest change is ${describeChange(cheapest)}`;
  const best = nearest ? `; the nearest is ${describeChange(nearest)}` : '';
  return `neither one change nor two make it fit${best}: make it much smaller or use a larger device`;
}
