import { codec } from '../contract/contract.gen.js';
import type { PlanSettings } from '../federated/plan.js';

/** What the workers have of it; the arrays are shared. */
export interface SharedLocal {
  /** [nodes][P]: what was accepted. */
  readonly accepted: Int16Array<SharedArrayBuffer>;
  /** [nodes]: 1 once something of the node was accepted. */
  readonly exists: Uint8Array<SharedArrayBuffer>;
  /** Plan of every version until somebody's words are tuned, after which nobody trains. */
  readonly personalLayers: number;
}

export interface SavedLocal {
  readonly accepted: Int16Array;
  readonly exists: Uint8Array;
}

/**
 * What stays on every node of its trainings: what SPARSE_TERNARY leaves out and the words of personal layers (SPEC, 7.3
 * and 7.6).
 */
export class LocalWordsOfFleet {
  /** For the workers; undefined where nothing stays. */
  readonly shared: SharedLocal | undefined;
  /** By node: [P] words that its upload under way will leave. */
  readonly #pending = new Map<number, Int16Array>();

  constructor(
    plan: Pick<PlanSettings, 'codec' | 'personalLayers' | 'fineTuneEpochs'>,
    nodes: number,
    private readonly parameters: number,
  ) {
    const { personalLayers = 0, fineTuneEpochs = 0 } = plan;
    if (plan.codec !== codec.SPARSE_TERNARY && personalLayers === 0 && fineTuneEpochs === 0) return;
    const accepted = new Int16Array(new SharedArrayBuffer(2 * nodes * parameters));
    const exists = new Uint8Array(new SharedArrayBuffer(nodes));
    this.shared = { accepted, exists, personalLayers };
  }

  /** What the upload that the node makes will leave. */
  expect(node: number, words: Int16Array): void {
    this.#pending.set(node, words);
  }

  /** The last upload of the node counts. */
  accept(node: number): void {
    const words = this.#pending.get(node);
    if (!this.shared || !words) return;
    const { accepted, exists } = this.shared;
    accepted.set(words, node * this.parameters);
    exists[node] = 1;
    this.#pending.delete(node);
  }

  /** Not copied: they change with the next upload. Those of uploads that have no receipt follow from these. */
  save(): SavedLocal | undefined {
    return this.shared;
  }

  restore(saved: SavedLocal | undefined): void {
    if (!saved) return;
    this.shared?.accepted.set(saved.accepted);
    this.shared?.exists.set(saved.exists);
  }
}
