import { codec } from '../contract/contract.gen.js';
import type { PlanSettings } from '../federated/plan.js';

/** What SPARSE_TERNARY leaves out, of every node (SPEC, 7.3): shared with the workers, which write the new ones. */
export class Residuals {
  readonly #accepted: Int16Array<SharedArrayBuffer> | undefined;
  readonly #pending: Int16Array<SharedArrayBuffer> | undefined;

  /** Other codecs have none. */
  constructor(
    plan: Pick<PlanSettings, 'codec'>,
    nodes: number,
    private readonly parameters: number,
  ) {
    if (plan.codec !== codec.SPARSE_TERNARY) return;
    const words = (): Int16Array<SharedArrayBuffer> =>
      new Int16Array(new SharedArrayBuffer(2 * nodes * parameters));
    this.#accepted = words();
    this.#pending = words();
  }

  /** For the workers. */
  get shared(): {
    readonly residuals?: Int16Array<SharedArrayBuffer>;
    readonly newResiduals?: Int16Array<SharedArrayBuffer>;
  } {
    if (!this.#accepted || !this.#pending) return {};
    return { residuals: this.#accepted, newResiduals: this.#pending };
  }

  /** The last upload of the node counts. */
  accept(node: number): void {
    if (!this.#accepted || !this.#pending) return;
    const at = node * this.parameters;
    this.#accepted.set(this.#pending.subarray(at, at + this.parameters), at);
  }

  /** Those of uploads that have no receipt follow from these. */
  save(): Int16Array | undefined {
    return this.#accepted && new Int16Array(this.#accepted);
  }

  restore(saved: Int16Array | undefined): void {
    if (saved) this.#accepted?.set(saved);
  }
}
