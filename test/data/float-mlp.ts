import type { Dataset } from '../../host/data/dataset.js';
import { sampleAt } from '../../host/data/dataset.js';
import { emptyConfusion } from '../../host/data/metrics.js';
import { SeededRandom } from '../../host/data/random.js';

/** A value of 64 is the input 1.0. */
const INPUT_SCALE = 1 / 64;

/**
 * A plain float64 multilayer perceptron, I inputs -> H ReLU -> K classes, to see whether data can be learned at all.
 *
 * weights: w1 [H][I], b1 [H], w2 [K][H], b2 [K] in one array, as federated averaging wants them.
 */
export class FloatMlp {
  weights: Float64Array;
  private readonly hidden: Float64Array;
  private readonly output: Float64Array;
  private readonly b1: number;
  private readonly w2: number;
  private readonly b2: number;

  constructor(
    private readonly inputs: number,
    private readonly hiddenCount: number,
    classes: number,
    seed: number,
  ) {
    this.b1 = hiddenCount * inputs;
    this.w2 = this.b1 + hiddenCount;
    this.b2 = this.w2 + classes * hiddenCount;
    this.weights = new Float64Array(this.b2 + classes);
    this.hidden = new Float64Array(hiddenCount);
    this.output = new Float64Array(classes);
    const random = new SeededRandom(seed);
    const fill = (start: number, end: number, bound: number): void => {
      for (let i = start; i < end; i++) this.weights[i] = random.between(-bound, bound);
    };
    fill(0, this.b1, Math.sqrt(6 / inputs));
    fill(this.w2, this.b2, Math.sqrt(3 / hiddenCount));
  }

  /** The class of the greatest probability. */
  predict(x: Int8Array): number {
    this.forward(x);
    return this.output.indexOf(Math.max(...this.output));
  }

  /** One step of stochastic gradient descent on softmax cross-entropy. */
  train(x: Int8Array, label: number, learningRate: number): void {
    this.forward(x);
    const { weights: w, hidden, output, inputs, hiddenCount } = this;
    output[label] -= 1;
    const dHidden = new Float64Array(hiddenCount);
    output.forEach((error, k) => {
      for (let j = 0; j < hiddenCount; j++) {
        const at = this.w2 + k * hiddenCount + j;
        dHidden[j] += w[at] * error;
        w[at] -= learningRate * error * hidden[j];
      }
      w[this.b2 + k] -= learningRate * error;
    });
    for (let j = 0; j < hiddenCount; j++) {
      if (hidden[j] <= 0) continue;
      const step = learningRate * dHidden[j];
      w[this.b1 + j] -= step;
      for (let i = 0; i < inputs; i++) w[j * inputs + i] -= step * x[i] * INPUT_SCALE;
    }
  }

  /** Leaves the probabilities in `output`. */
  private forward(x: Int8Array): void {
    const { weights: w, hidden, output, inputs, hiddenCount } = this;
    for (let j = 0; j < hiddenCount; j++) {
      let sum = w[this.b1 + j];
      for (let i = 0; i < inputs; i++) sum += w[j * inputs + i] * x[i] * INPUT_SCALE;
      hidden[j] = Math.max(0, sum);
    }
    for (let k = 0; k < output.length; k++) {
      output[k] = w[this.b2 + k];
      for (let j = 0; j < hiddenCount; j++)
        output[k] += w[this.w2 + k * hiddenCount + j] * hidden[j];
    }
    const greatest = Math.max(...output);
    const total = output.reduce((sum, z) => sum + Math.exp(z - greatest), 0);
    for (let k = 0; k < output.length; k++) output[k] = Math.exp(output[k] - greatest) / total;
  }
}

/** One round of federated averaging: each part trains a copy for one epoch; the mean is weighted by samples. */
export function trainRound(
  mlp: FloatMlp,
  dataset: Dataset,
  parts: readonly (readonly number[])[],
  learningRate: number,
  seed: number,
): void {
  const start = mlp.weights;
  const average = new Float64Array(start.length);
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  parts.forEach((part, node) => {
    mlp.weights = start.slice();
    for (const index of new SeededRandom(seed, node).shuffle([...part])) {
      mlp.train(sampleAt(dataset, index), dataset.label[index], learningRate);
    }
    mlp.weights.forEach((weight, i) => (average[i] += (weight * part.length) / total));
  });
  mlp.weights = average;
}

/** Confusion counts over `indices`. */
export function evaluate(mlp: FloatMlp, dataset: Dataset, indices: readonly number[]): number[] {
  const classes = dataset.classNames.length;
  const confusion = emptyConfusion(classes);
  for (const index of indices) {
    confusion[dataset.label[index] * classes + mlp.predict(sampleAt(dataset, index))]++;
  }
  return confusion;
}
