import { decay } from '../../host/contract/contract.gen.js';
import { sampleAt } from '../../host/data/dataset.js';
import type { Kernel, TrainSettings } from '../../host/kernel/kernel.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { addCounts, noCounts, openKernel, type Arm, type ModelState, type Problem } from './arm.js';
import { FloatNet } from './float/net.js';

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
  private readonly net: FloatNet;
  private readonly inputExponent: number;
  /** The global model. */
  private readonly base: Float32Array;
  private readonly sum: Float64Array;
  private weight = 0;
  private settings: TrainSettings | undefined;
  private step = 0;

  private constructor(
    private readonly problem: Problem,
    /** Makes the initial words and nothing else. */
    private readonly kernel: Kernel,
  ) {
    const model = parseDescriptor(problem.descriptor);
    this.net = new FloatNet(model, problem.frozenLayers);
    this.inputExponent = model.input.exponent;
    this.base = new Float32Array(this.net.parameters.length);
    this.sum = new Float64Array(this.base.length);
  }

  static async open(problem: Problem): Promise<FloatArm> {
    return new FloatArm(problem, await openKernel(problem.descriptor));
  }

  initialise(seed: number): void {
    this.kernel.initialise(seed);
    this.net.loadWords(this.kernel.storeParameters());
    this.base.set(this.net.parameters);
    this.clearRound();
    this.counts = noCounts;
  }

  begin(settings: TrainSettings): void {
    this.settings = settings;
    this.step = 0;
  }

  proceed(samples: readonly number[]): void {
    const { dataset } = this.problem;
    const { settings } = this;
    if (settings === undefined) throw new Error('proceed() before begin()');
    const started = performance.now();
    for (const index of samples) {
      const label = dataset.label[index];
      const classWeight = 2 ** (settings.classWeights?.[label] ?? 0);
      const learningRate = 2 ** -shiftOfStep(settings, this.step++);
      this.net.train(sampleAt(dataset, index), label, learningRate, classWeight);
    }
    const trainMs = performance.now() - started;
    this.counts = addCounts(this.counts, { ...noCounts, steps: samples.length, trainMs });
  }

  contribute(settings: TrainSettings, samples: readonly number[], weight: number): void {
    this.net.parameters.set(this.base);
    this.begin(settings);
    this.proceed(samples);
    this.net.parameters.forEach((value, i) => {
      this.sum[i] += weight * value;
    });
    this.weight += weight;
  }

  closeRound(): void {
    this.base.set(this.sum.map((value) => value / this.weight));
    this.net.parameters.set(this.base);
    this.clearRound();
  }

  predict(index: number): number {
    return this.net.predict(sampleAt(this.problem.dataset, index));
  }

  deviation(index: number): number {
    const sample = sampleAt(this.problem.dataset, index);
    const loss = this.net.loss(sample, 0);
    return (2 * loss) / sample.length / 2 ** (2 * this.inputExponent);
  }

  save(): Float32Array {
    return this.net.parameters.slice();
  }

  restore(state: ModelState): void {
    this.net.parameters.set(state);
    this.base.set(state);
    this.clearRound();
  }

  private clearRound(): void {
    this.sum.fill(0);
    this.weight = 0;
  }
}
