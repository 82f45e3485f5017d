/** Who takes part in a version, and when (SPEC, 7.5): one rule for nodes and aggregator. */
import type { Announcement, Plan } from './contract.gen.js';
import { sha256 } from './hash.js';

/** The limit that leaves nobody out. */
export const everybody = 0xffff_ffff;

/** What a node draws for a version: two u32. */
export interface Draw {
  /** It takes part if this is below the limit. */
  readonly draw: number;
  /** Says how much of the jitter it waits. */
  readonly pace: number;
}

export function drawOf(seed: number, version: number, node: string): Draw {
  const numbers = new DataView(new ArrayBuffer(8));
  numbers.setUint32(0, seed, true);
  numbers.setUint32(4, version, true);
  const hash = sha256(new Uint8Array(numbers.buffer), new TextEncoder().encode(node));
  const drawn = new DataView(hash.buffer);
  return { draw: drawn.getUint32(0, true), pace: drawn.getUint32(4, true) };
}

/** How often a limit doubles until the draw is below it; `drawBelow` is at least 1. */
export function doublingsUntil(draw: number, drawBelow = everybody): number {
  let doublings = 0;
  for (let limit = drawBelow; draw >= limit && limit < everybody; limit *= 2) doublings++;
  return doublings;
}

/** Milliseconds until the limit of a plan is above a draw; Infinity: it never is. */
function limitMs({ drawBelow, deadlineMs = Infinity }: Plan, draw: number): number {
  const doublings = doublingsUntil(draw, drawBelow);
  return doublings === 0 ? 0 : doublings * deadlineMs;
}

/** Milliseconds that a node sits out of a version that stands; Infinity: all of it. */
export function sitOutMs({ plan, version }: Announcement, node: string): number {
  if (plan.drawBelow === undefined) return 0;
  return limitMs(plan, drawOf(plan.seed, version, node).draw);
}

/** Milliseconds from when a node has an announcement until its turn comes, eligible as it is; Infinity: never. */
export function turnMs(announcement: Announcement, node: string): number {
  const { plan, version } = announcement;
  if (plan.jitterMs === undefined) return sitOutMs(announcement, node);
  const { draw, pace } = drawOf(plan.seed, version, node);
  return (pace % plan.jitterMs) + limitMs(plan, draw);
}

/** Whether a node may have to wait before it takes part. */
export function isLimited({ drawBelow, jitterMs, eligibility }: Plan): boolean {
  return drawBelow !== undefined || jitterMs !== undefined || eligibility !== undefined;
}
