import { decay } from '../../host/contract/contract.gen.js';
import { sampleAt } from '../../host/data/dataset.js';
import type { Kernel, TrainSettings } from '../../host/kernel/kernel.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { addCounts, noCounts, openKernel, type Arm, type Problem } from './arm.js';
import { FloatMlp } from './float-reference.js';

/** Learning-rate shift of step t: the kernel's schedule (SPEC, section 2.7). */
export function shiftOfStep(settings: TrainSettings, t: number): number {
  const { lrShift, lrDecay, totalSteps: n } = settings;
  if (lrDecay !== decay.STEPS) return lrShift;
  return lrShift + Number(2 * t >= n) + Number(4 * t >= 3 * n) + Number(10 * t >= 9 * n);
}

/**
 * float32 SGD and float32 FedAvg (McMahan et al. 2017): the mean of the clients' parameters with the weights of the
 * exact aggregation, summed in double and rounded to float32 once. `lrShift` may be a fraction here.
 */
export class FloatArm implements Arm {
  counts = noCounts;
  private readonly mlp: FloatMlp;
  /** The global model. */
  private readonly base: Float32Array;
  private readonly sum: Float64Array;
  private weight = 0;

  private constructor(
    private readonly problem: Problem,
    /** Makes the initial words and nothing else. */
    private readonly kernel: Kernel,
  ) {
    this.mlp = new FloatMlp(parseDescriptor(problem.descriptor));
    this.base = new Float32Array(this.mlp.parameters.length);
    this.sum = new Float64Array(this.base.length);
  }

  static async open(problem: Problem): Promise<FloatArm> {
    return new FloatArm(problem, await openKernel(problem.descriptor));
  }

  initialise(seed: number): void {
    this.kernel.initialise(seed);
    this.mlp.loadWords(this.kernel.storeParameters());
    this.base.set(this.mlp.parameters);
    this.clearRound();
    this.counts = noCounts;
  }

  train(settings: TrainSettings, samples: readonly number[]): void {
    const { dataset } = this.problem;
    const started = performance.now();
    samples.forEach((index, t) => {
      const label = dataset.label[index];
      const classWeight = 2 ** (settings.classWeights?.[label] ?? 0);
      const learningRate = 2 ** -shiftOfStep(settings, t);
      this.mlp.train(sampleAt(dataset, index), label, learningRate, classWeight);
    });
    const trainMs = performance.now() - started;
    this.counts = addCounts(this.counts, { ...noCounts, steps: samples.length, trainMs });
  }

  contribute(settings: TrainSettings, samples: readonly number[], weight: number): void {
    this.mlp.parameters.set(this.base);
    this.train(settings, samples);
    this.mlp.parameters.forEach((value, i) => {
      this.sum[i] += weight * value;
    });
    this.weight += weight;
  }

  closeRound(): void {
    this.base.set(this.sum.map((value) => value / this.weight));
    this.mlp.parameters.set(this.base);
    this.clearRound();
  }

  predict(index: number): number {
    return this.mlp.predict(sampleAt(this.problem.dataset, index));
  }

  private clearRound(): void {
    this.sum.fill(0);
    this.weight = 0;
  }
}
