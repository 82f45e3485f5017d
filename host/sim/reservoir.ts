/**
 * A class-balanced reservoir: Chrysakis and Moens, "Online Continual Learning from Imbalanced Data", ICML 2020,
 * algorithm 1. firmware/src/reservoir.c in C: equal streams and seeds keep equal samples.
 */
import { LinnetError } from '../contract/error.js';

/** Where counting ends: the C keeps a mark in the top bit. */
const mostSeen = 0x7fff_ffff;

export class Reservoir {
  /** By place: what was kept, and its class. */
  readonly #kept: number[] = [];
  readonly #labels: number[] = [];
  /** [classes]: samples seen, samples kept, and 1 once it was the most frequent class of a full buffer. */
  readonly #seen: Uint32Array;
  readonly #counts: Uint32Array;
  readonly #isFull: Uint8Array;
  #state: number;

  /** Labels are below `classes`; seed u32. */
  constructor(
    private readonly slots: number,
    private readonly classes: number,
    seed: number,
  ) {
    this.#seen = new Uint32Array(classes);
    this.#counts = new Uint32Array(classes);
    this.#isFull = new Uint8Array(classes);
    this.#state = seed;
  }

  /** Numbers of the samples that are kept, by their places. */
  get kept(): readonly number[] {
    return this.#kept;
  }

  /** Sees the sample of that number, and keeps it or does not. Throws ERR_RANGE for a label that is no class. */
  see(number: number, label: number): void {
    if (label >= this.classes)
      throw new LinnetError('ERR_RANGE', `label ${label} of ${this.classes} classes`);
    this.#seen[label] = Math.min(mostSeen, this.#seen[label] + 1);
    if (this.#kept.length < this.slots) {
      this.#put(this.#kept.length, number, label);
      return;
    }
    const most = this.#counts.indexOf(Math.max(...this.#counts));
    this.#isFull[most] = 1;
    if (!this.#isFull[label]) this.#put(this.#drawPlace(most), number, label);
    else if (this.#draw(this.#seen[label]) < this.#counts[label])
      this.#put(this.#drawPlace(label), number, label);
  }

  #put(place: number, number: number, label: number): void {
    if (place < this.#kept.length) this.#counts[this.#labels[place]]--;
    this.#counts[label]++;
    this.#kept[place] = number;
    this.#labels[place] = label;
  }

  /** The place of one of the kept samples of a class. */
  #drawPlace(label: number): number {
    let place = this.#labels.indexOf(label);
    for (let left = this.#draw(this.#counts[label]); left > 0; left--)
      place = this.#labels.indexOf(label, place + 1);
    return place;
  }

  /** ⌊number · bound / 2^32⌋, number u32, bound at most 2^31; no product is above 2^48. */
  #draw(bound: number): number {
    const [high, low] = [this.#next(), this.#next()];
    return Math.floor((high * bound + Math.floor((low * bound) / 0x1_0000)) / 0x1_0000);
  }

  /** The upper half of the next state. */
  #next(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state >>> 16;
  }
}
