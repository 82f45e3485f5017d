/** When a node takes part in an announced version (SPEC, 7.5); firmware/src/participation.c in C. */
import { condition, split } from '../contract/contract.gen.js';
import type { Announcement, Eligibility } from '../contract/contract.gen.js';
import { equalBytes } from '../contract/hash.js';
import { doublingsUntil, drawOf } from '../contract/participation.js';
import { descriptorHashOf } from '../model/snapshot.js';
import type { NodeHost } from './node-host.js';
import { sleep } from './node-timing.js';

/** Versions since the installed model; undefined if there is none, or one of another model. */
function modelAgeOf({ objects }: NodeHost, announcement: Announcement): number | undefined {
  const { snapshot, installedVersion } = objects;
  if (!snapshot || installedVersion === undefined) return undefined;
  const isOfModel = equalBytes(descriptorHashOf(snapshot.bytes), announcement.descriptorHash);
  return isOfModel ? announcement.version - installedVersion : undefined;
}

/** What eligibility is judged by. */
export interface Circumstances {
  /** Value of a CONDITION; negative: unknown. */
  readonly conditionOf: (kind: number) => number;
  readonly trainSamples: number;
  /** Versions since the installed model; undefined: unknown. */
  readonly modelAge: number | undefined;
}

/** What is not known counts as fulfilled. */
export function isEligible(
  asked: Eligibility,
  { conditionOf, trainSamples, modelAge = 0 }: Circumstances,
): boolean {
  const { minBattery, charging, minLink, minRam } = asked;
  const { minSamples = 0, minModelAge = 0, maxModelAge = Infinity } = asked;
  const fulfils = (kind: number, least = 0): boolean => {
    const value = least > 0 ? conditionOf(kind) : -1;
    return value < 0 || value >= least;
  };
  return (
    fulfils(condition.BATTERY, minBattery) &&
    fulfils(condition.CHARGING, charging) &&
    fulfils(condition.LINK, minLink) &&
    fulfils(condition.RAM, minRam) &&
    trainSamples >= minSamples &&
    modelAge <= maxModelAge &&
    // A node goes on with a version that it has begun.
    (modelAge === 0 || modelAge >= minModelAge)
  );
}

/** Resolves when the node takes part; rejects with the reason when the signal aborts. */
export async function awaitTurn(
  host: NodeHost,
  announcement: Announcement,
  signal: AbortSignal,
): Promise<void> {
  const { plan, version } = announcement;
  const { draw, pace } = drawOf(plan.seed, version, host.node);
  if (plan.jitterMs !== undefined) await sleep(pace % plan.jitterMs, signal);
  for (let left = doublingsUntil(draw, plan.drawBelow); left > 0; left--) {
    await sleep(plan.deadlineMs ?? Infinity, signal);
  }
  const isDue = (): boolean =>
    isEligible(plan.eligibility ?? {}, {
      conditionOf: (kind) => host.conditionOf(kind),
      trainSamples: host.samples.count(split.TRAIN),
      modelAge: modelAgeOf(host, announcement),
    });
  while (!isDue()) await sleep(host.timing.conditionMs, signal);
}
