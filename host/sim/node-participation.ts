/** When a node takes part in an announced version (SPEC, 7.5); firmware/src/participation.c in C. */
import { condition, split } from '../contract/contract.gen.js';
import type { Announcement } from '../contract/contract.gen.js';
import { equalBytes } from '../contract/hash.js';
import { doublingsUntil, drawOf } from '../contract/participation.js';
import { descriptorHashOf } from '../model/snapshot.js';
import type { NodeHost } from './node-host.js';
import { sleep } from './node-timing.js';

/** Versions since the installed model; undefined if there is none, or one of another model. */
function modelAge({ objects }: NodeHost, announcement: Announcement): number | undefined {
  const { snapshot, installedVersion } = objects;
  if (!snapshot || installedVersion === undefined) return undefined;
  const isOfModel = equalBytes(descriptorHashOf(snapshot.bytes), announcement.descriptorHash);
  return isOfModel ? announcement.version - installedVersion : undefined;
}

/** What is not known counts as fulfilled. */
function isEligible(host: NodeHost, announcement: Announcement): boolean {
  const { minBattery, charging, minLink, minRam, ...asked } = announcement.plan.eligibility ?? {};
  const { minSamples = 0, maxModelAge = Infinity } = asked;
  const fulfils = (kind: number, least = 0): boolean => {
    const value = least > 0 ? host.conditionOf(kind) : -1;
    return value < 0 || value >= least;
  };
  return (
    fulfils(condition.BATTERY, minBattery) &&
    fulfils(condition.CHARGING, charging) &&
    fulfils(condition.LINK, minLink) &&
    fulfils(condition.RAM, minRam) &&
    host.samples.count(split.TRAIN) >= minSamples &&
    (modelAge(host, announcement) ?? 0) <= maxModelAge
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
  while (!isEligible(host, announcement)) await sleep(host.timing.conditionMs, signal);
}
