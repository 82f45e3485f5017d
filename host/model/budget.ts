/** Whether a model fits a device, and the cheapest change that makes it fit. */
import { LinnetError } from '../contract/error.js';
import type { Kernel } from '../kernel/kernel.js';
import { buildDescriptor } from './build.js';
import { listChanges, type Change } from './changes.js';
import { needOf, readArena, type ImageFootprint, type Need } from './footprint.js';
import { isFrozen, type ModelInfo } from './info.js';
import { parseDescriptor } from './parse.js';
import type { ModelSpec } from './spec.js';

/** What the device has, bytes; absent = no limit. */
export interface Budget {
  readonly ramBytes?: number | undefined;
  readonly flashBytes?: number | undefined;
}

export interface DeviceImage {
  readonly image: ImageFootprint;
  readonly sectorBytes: number;
}

export interface Fitted {
  readonly change: Change;
  readonly need: Need;
  /** Share of the model's parameters, multiplications and training that is lost: 0 nothing, 1 all. */
  readonly loss: number;
}

export function fits(need: Need, budget: Budget): boolean {
  return (
    need.ramBytes <= (budget.ramBytes ?? Infinity) &&
    need.flashBytes <= (budget.flashBytes ?? Infinity)
  );
}

/** Plans a model and adds up what its device needs. Throws the kernel's status. */
export function measureNeed(
  kernel: Kernel,
  descriptor: Uint8Array,
  device: DeviceImage,
  frozenLayers = 0,
): Need {
  kernel.plan(descriptor, { frozenLayers });
  const arena = readArena(kernel);
  return needOf(arena, parseDescriptor(descriptor), device.image, device.sectorBytes);
}

const gone = (before: number, after: number): number =>
  before === 0 ? 0 : Math.max(0, 1 - after / before);

/**
 * What a change costs: the mean of the parameters and multiplications that are gone, and half of the
 * parameters that are no longer trained. A yardstick to rank changes, not a prediction of accuracy.
 */
function lossOf(before: ModelInfo, after: ModelInfo, frozenLayers: number): number {
  const size = (gone(before.parameters, after.parameters) + gone(before.macs, after.macs)) / 2;
  const fixed = after.layers
    .filter((layer) => isFrozen(layer, frozenLayers))
    .reduce((sum, { rows, rowLength, biases }) => sum + rows * rowLength + biases, 0);
  return size + fixed / (2 * after.parameters);
}

/** Plans a changed model; undefined if the change made it invalid. */
function tryChange(
  kernel: Kernel,
  before: ModelInfo,
  change: Change,
  device: DeviceImage,
): Fitted | undefined {
  try {
    const descriptor = buildDescriptor(change.spec);
    const need = measureNeed(kernel, descriptor, device, change.frozenLayers);
    return { change, need, loss: lossOf(before, parseDescriptor(descriptor), change.frozenLayers) };
  } catch (error) {
    if (error instanceof LinnetError) return undefined;
    throw error;
  }
}

/** Two changes, the second on the result of the first. */
function pairUp(first: Change): Change[] {
  return listChanges(first.spec).map((second) => ({
    ...second,
    text: `${first.text}, and ${second.text}`,
    frozenLayers: (first.frozenLayers | second.frozenLayers) >>> 0,
  }));
}

function tryAll(
  kernel: Kernel,
  before: ModelInfo,
  changes: readonly Change[],
  device: DeviceImage,
): Fitted[] {
  return changes
    .map((change) => tryChange(kernel, before, change, device))
    .filter((tried) => tried !== undefined)
    .sort((a, b) => a.loss - b.loss);
}

/** What a search for changes found. */
export interface Search {
  /** Changes after which the model fits, the cheapest first. */
  readonly fitting: readonly Fitted[];
  /** Where nothing fits: what came nearest. */
  readonly nearest: Fitted | undefined;
}

/** Bytes above the budget, RAM and flash together. */
function excess({ ramBytes, flashBytes }: Need, budget: Budget): number {
  const over = (bytes: number, limit = Infinity): number => Math.max(0, bytes - limit);
  return over(ramBytes, budget.ramBytes) + over(flashBytes, budget.flashBytes);
}

/**
 * Looks for a change after which the model fits; every one is planned by the kernel itself. Pairs of changes
 * are tried only if no single one is enough. Layers of `frozenLayers` stay frozen.
 */
export function findFittingChanges(
  kernel: Kernel,
  spec: ModelSpec,
  device: DeviceImage,
  budget: Budget,
  frozenLayers = 0,
): Search {
  const before = parseDescriptor(buildDescriptor(spec));
  const isFitting = ({ need }: Fitted): boolean => fits(need, budget);
  const keepFrozen = (change: Change): Change => ({
    ...change,
    frozenLayers: (change.frozenLayers | frozenLayers) >>> 0,
  });
  const singles = tryAll(kernel, before, listChanges(spec).map(keepFrozen), device);
  const single = singles.filter(isFitting);
  if (single.length > 0) return { fitting: single, nearest: undefined };
  const changes = singles.flatMap(({ change }) => pairUp(change));
  const pairs = tryAll(kernel, before, changes, device);
  const byExcess = [...singles, ...pairs].sort(
    (a, b) => excess(a.need, budget) - excess(b.need, budget),
  );
  return { fitting: pairs.filter(isFitting), nearest: byExcess.at(0) };
}
