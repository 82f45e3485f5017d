/** What nodes have to train on, and when: pure functions of the seed and virtual time, so no checkpoint holds them. */
import { SeededRandom } from '../data/random.js';
import { Reservoir } from '../sim/reservoir.js';
import type { WorkerData } from './job.js';
import { minutesToMs, type Group } from './scenario.js';
import { drawAt, purpose } from './seeds.js';

/** A group's `reservoir`. */
export type ReservoirSettings = NonNullable<Group['reservoir']>;

/**
 * The training samples of each node: all it was dealt from the beginning on or, with a reservoir, what that holds of
 * those that have come. They come in a seeded order at equal intervals, each once, also while the node sleeps.
 */
export class NodeSamples {
  constructor(
    private readonly data: Pick<WorkerData, 'offsets' | 'tests' | 'group' | 'reservoirs' | 'seed'>,
  ) {}

  /** Training samples that a node was dealt. */
  dealt(node: number): number {
    const { offsets, tests } = this.data;
    return offsets[node + 1] - offsets[node] - tests[node];
  }

  /** Test samples of a node: those after the dealt ones. */
  tests(node: number): number {
    return this.data.tests[node];
  }

  /** How many of them have come. */
  arrived(node: number, timeMs: number): number {
    const settings = this.#reservoirOf(node);
    if (!settings) return this.dealt(node);
    const periodMs = minutesToMs(settings.everyMinutes);
    const arrived = Math.floor((timeMs + this.#offsetMs(node, periodMs)) / periodMs);
    return Math.min(this.dealt(node), arrived);
  }

  /** How many it can train on. */
  held(node: number, timeMs: number): number {
    return Math.min(this.arrived(node, timeMs), this.#reservoirOf(node)?.slots ?? Infinity);
  }

  /** The first moment when it can train on so many; infinite if it never can. */
  holdsMs(node: number, count: number): number {
    const settings = this.#reservoirOf(node);
    if (count > Math.min(this.dealt(node), settings?.slots ?? Infinity)) return Infinity;
    if (!settings || count === 0) return 0;
    const periodMs = minutesToMs(settings.everyMinutes);
    return count * periodMs - this.#offsetMs(node, periodMs);
  }

  /** Which of the dealt samples, from 0 on, it holds, by their places; undefined: all. */
  kept(
    node: number,
    timeMs: number,
    classes: number,
    labelOf: (sample: number) => number,
  ): readonly number[] | undefined {
    const settings = this.#reservoirOf(node);
    if (!settings) return undefined;
    const seed = drawAt(this.data.seed, purpose.reservoir, node);
    const reservoir = new Reservoir(settings.slots, classes, seed);
    const stream = this.stream(node);
    const arrived = this.arrived(node, timeMs);
    for (let i = 0; i < arrived; i++) reservoir.see(stream[i], labelOf(stream[i]));
    return reservoir.kept;
  }

  /** Its dealt samples, from 0 on, in the order in which they come. */
  stream(node: number): readonly number[] {
    const samples = Array.from({ length: this.dealt(node) }, (_, i) => i);
    return new SeededRandom(this.data.seed, purpose.stream, node).shuffle(samples);
  }

  #reservoirOf(node: number): ReservoirSettings | undefined {
    return this.data.reservoirs[this.data.group[node]];
  }

  /** By how much its first sample comes earlier than after a whole period. */
  #offsetMs(node: number, periodMs: number): number {
    return drawAt(this.data.seed, purpose.arrival, node) % periodMs;
  }
}
