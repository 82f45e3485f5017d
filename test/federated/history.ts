/** Rounds on a lineage without a broker, and the same in BigInt arithmetic. */
import { sha256, toHex } from '../../host/contract/hash.js';
import type { Lineage } from '../../host/federated/lineage.js';
import { readUpload } from '../../host/federated/stored-upload.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { packSnapshot } from '../../host/model/snapshot.js';
import * as oracle from '../oracle/aggregate.js';
import { fedAvg, type Model, type Oracle as Strategy } from '../oracle/strategies.js';
import {
  initialWords,
  planSettings,
  samplesOf,
  simulateDelta,
  simulateEnvelope,
  smallDescriptor,
} from './fixture.js';

export const model = parseDescriptor(smallDescriptor);
export const nodes = ['ann', 'ben', 'cleo', 'dan'];

/** Trained from version `base`, the newest unless given. */
export function contribute(lineage: Lineage, node: string, base = lineage.open.version): void {
  const announcement = lineage.findBase(base)!;
  const envelope = simulateEnvelope(announcement, node, model.parameters);
  const openVersion = lineage.open.version;
  const key = { version: base, openVersion, node, contribution: 0 };
  const row = { ...key, hash: sha256(envelope), envelope };
  lineage.stage(readUpload(row, model, announcement.plan));
}

/** A whole round of these nodes. */
export function contributeAll(lineage: Lineage, cohort: readonly string[]): void {
  for (const node of cohort) contribute(lineage, node);
  lineage.commit();
  lineage.closeVersion(false);
}

interface Contribution {
  readonly node: string;
  /** Version it was trained from. */
  readonly base: number;
  /** Version that was open. */
  readonly open: number;
}

/**
 * The federation as lists of rounds, forward and in BigInt: each version is the rounds that lead to it from
 * the initial words, and what an operator does is done to the list.
 */
export class Oracle {
  readonly versions: (readonly (readonly Contribution[])[])[] = [[]];
  /** The newest version an operator made. */
  operated = 0;
  #open: Contribution[] = [];

  constructor(private readonly strategy: Strategy = fedAvg) {}

  get head(): number {
    return this.versions.length - 1;
  }

  get rounds(): readonly (readonly Contribution[])[] {
    return this.versions[this.head];
  }

  contribute(node: string, base = this.head): void {
    this.#open.push({ node, base, open: this.head });
  }

  hasContributed(node: string): boolean {
    return this.#open.some((entry) => entry.node === node);
  }

  #publish(rounds: readonly (readonly Contribution[])[]): void {
    this.versions.push(rounds);
    this.#open = [];
  }

  close(): void {
    this.#publish([...this.rounds, this.#open]);
  }

  /** Whether there was anything to take out. */
  retract(node: string, from: number): boolean {
    const isOut = (entry: Contribution): boolean => entry.node === node && entry.open >= from;
    const rounds = [...this.rounds, this.#open];
    if (!rounds.flat().some(isOut)) return false;
    this.#publish(rounds.map((round) => round.filter((entry) => !isOut(entry))));
    this.operated = this.head;
    return true;
  }

  rollBack(to: number): void {
    this.#publish(this.versions[to]);
    this.operated = this.head;
  }

  words(version: number): Int16Array {
    let state: Model = { master: oracle.masterOf(initialWords(smallDescriptor)), moments: [] };
    for (const round of this.versions[version]) {
      const contributions = round.map(({ node, base, open }) => ({
        samples: samplesOf(node),
        delta: simulateDelta(node, base, model.parameters),
        staleness: open - base,
      }));
      state = this.strategy(state, contributions, planSettings.weightUnit);
    }
    return oracle.publishedWords(state.master);
  }

  hash(version: number): string {
    return toHex(sha256(packSnapshot(model.hash, this.words(version))));
  }
}
