import { sampleAt } from '../../host/data/dataset.js';
import { masterOf, publishedWords } from '../../host/federated/master.js';
import { fedAvg } from '../../host/federated/strategies/fed-avg.js';
import type { ServerModel, Strategy } from '../../host/federated/strategies/strategy.js';
import type { Kernel, TrainSettings } from '../../host/kernel/kernel.js';
import { addCounts, noCounts, openKernel, type Arm, type ModelState, type Problem } from './arm.js';

/**
 * The kernel in V8 and the aggregator's exact FedAvg into its Q16.16 master: what a federation of devices computes, bit
 * for bit.
 */
export class LinnetArm implements Arm {
  counts = noCounts;
  /** The published model, the base of the deltas. */
  protected words: Int16Array = new Int16Array();
  protected strategy: Strategy = fedAvg;
  protected server: ServerModel = { master: new Int32Array(), moments: [] };
  protected sum = this.strategy.start(0);
  private skipped = 0;
  private saturations = 0;

  protected constructor(
    protected readonly problem: Problem,
    protected readonly kernel: Kernel,
  ) {}

  /** `wasm` is the portable kernel unless given. */
  static async open(problem: Problem, wasm?: Uint8Array): Promise<LinnetArm> {
    const { descriptor, frozenLayers } = problem;
    return new LinnetArm(problem, await openKernel(descriptor, frozenLayers, wasm));
  }

  initialise(seed: number): void {
    this.kernel.initialise(seed);
    this.publish(this.kernel.storeParameters());
    this.counts = noCounts;
  }

  begin(settings: TrainSettings): void {
    this.kernel.begin(settings);
    this.skipped = 0;
    this.saturations = 0;
  }

  proceed(samples: readonly number[]): void {
    const { dataset } = this.problem;
    const started = performance.now();
    for (const index of samples) {
      this.kernel.train(sampleAt(dataset, index), dataset.label[index]);
    }
    const trainMs = performance.now() - started;
    // The kernel counts since begin(), the arm since initialise(); words at the limits may get fewer.
    const { skipped, saturations } = this.kernel.counters();
    this.counts = addCounts(this.counts, {
      steps: samples.length,
      skipped: skipped - this.skipped,
      saturations: saturations - this.saturations,
      trainMs,
    });
    this.skipped = skipped;
    this.saturations = saturations;
  }

  contribute(settings: TrainSettings, samples: readonly number[], weight: number): void {
    this.kernel.loadParameters(this.words);
    this.begin(settings);
    this.proceed(samples);
    const delta = this.kernel.delta(this.words);
    this.sum = this.strategy.add(this.sum, { weight, delta, staleness: 0 });
  }

  closeRound(): void {
    this.server = this.strategy.finish(this.server, this.sum);
    this.sum = this.strategy.start(this.words.length);
    this.words = publishedWords(this.server.master);
    this.kernel.loadParameters(this.words);
  }

  predict(index: number): number {
    return this.kernel.infer(sampleAt(this.problem.dataset, index));
  }

  deviation(index: number): number {
    this.kernel.infer(sampleAt(this.problem.dataset, index));
    return this.kernel.score() / 256;
  }

  /** [P] words of the current model. */
  save(): Int16Array {
    return this.kernel.storeParameters();
  }

  restore(state: ModelState): void {
    const words = Int16Array.from(state);
    this.kernel.loadParameters(words);
    this.publish(words);
  }

  private publish(words: Int16Array): void {
    this.words = words;
    this.server = { master: masterOf(words), moments: [] };
    this.sum = this.strategy.start(words.length);
  }
}
