import { sampleAt } from '../../host/data/dataset.js';
import { fedAvg } from '../../host/federated/fed-avg.js';
import { masterOf, publishedWords } from '../../host/federated/master.js';
import type { Kernel, TrainSettings } from '../../host/kernel/kernel.js';
import { addCounts, noCounts, openKernel, type Arm, type Problem } from './arm.js';

/**
 * The kernel in V8 and the aggregator's exact FedAvg into its Q16.16 master: what a federation of devices computes, bit
 * for bit.
 */
export class LinnetArm implements Arm {
  counts = noCounts;
  /** The published model, the base of the deltas. */
  private words: Int16Array = new Int16Array();
  private master: Int32Array = new Int32Array();
  private sum = fedAvg.start(0);

  private constructor(
    private readonly problem: Problem,
    private readonly kernel: Kernel,
  ) {}

  static async open(problem: Problem): Promise<LinnetArm> {
    return new LinnetArm(problem, await openKernel(problem.descriptor));
  }

  initialise(seed: number): void {
    this.kernel.initialise(seed);
    this.words = this.kernel.storeParameters();
    this.master = masterOf(this.words);
    this.sum = fedAvg.start(this.words.length);
    this.counts = noCounts;
  }

  train(settings: TrainSettings, samples: readonly number[]): void {
    const { dataset } = this.problem;
    this.kernel.begin(settings);
    const started = performance.now();
    for (const index of samples) {
      this.kernel.train(sampleAt(dataset, index), dataset.label[index]);
    }
    const trainMs = performance.now() - started;
    const { skipped, saturations } = this.kernel.counters();
    this.counts = addCounts(this.counts, {
      steps: samples.length,
      skipped,
      saturations,
      trainMs,
    });
  }

  contribute(settings: TrainSettings, samples: readonly number[], weight: number): void {
    this.kernel.loadParameters(this.words);
    this.train(settings, samples);
    this.sum = fedAvg.add(this.sum, { weight, delta: this.kernel.delta(this.words) });
  }

  closeRound(): void {
    this.master = fedAvg.finish(this.master, this.sum);
    this.sum = fedAvg.start(this.words.length);
    this.words = publishedWords(this.master);
    this.kernel.loadParameters(this.words);
  }

  predict(index: number): number {
    return this.kernel.infer(sampleAt(this.problem.dataset, index));
  }

  /** [P] words of the current model. */
  storeParameters(): Int16Array {
    return this.kernel.storeParameters();
  }
}
