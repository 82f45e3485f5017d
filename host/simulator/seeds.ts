import { SeededRandom } from '../data/random.js';

/** What draws are for. */
export const purpose = {
  node: 101,
  group: 102,
  deal: 103,
  tie: 104,
  dropOut: 105,
  phase: 106,
  charger: 107,
  lie: 108,
  stream: 109,
  arrival: 110,
  reservoir: 111,
} as const;

/**
 * A draw that belongs to a place and not to an order: equal paths give equal numbers, whenever and however often they
 * are asked for. 32 bits.
 */
export function drawAt(seed: number, ...path: readonly number[]): number {
  return new SeededRandom(seed, ...path).nextU32();
}

/** The same, a multiple of 2^-32 in [0, 1). */
export function unitAt(seed: number, ...path: readonly number[]): number {
  return new SeededRandom(seed, ...path).unit();
}
