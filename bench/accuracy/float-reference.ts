import type { DenseLayer, ModelInfo } from '../../host/model/descriptor.js';

/** Σ a[i]·b[i] over `count` elements of float32; four sums, because additions in one chain wait for each other. */
function dotProduct(a: Float32Array, start: number, b: Float32Array, count: number): number {
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  const whole = count & ~3;
  for (let i = 0; i < whole; i += 4) {
    sum0 += a[start + i] * b[i];
    sum1 += a[start + i + 1] * b[i + 1];
    sum2 += a[start + i + 2] * b[i + 2];
    sum3 += a[start + i + 3] * b[i + 3];
  }
  for (let i = whole; i < count; i++) sum0 += a[start + i] * b[i];
  return sum0 + sum1 + (sum2 + sum3);
}

/** target[start + i] += factor·source[i], rounded to float32 once, like a fused multiply-add. */
function addScaled(
  target: Float32Array,
  start: number,
  source: Float32Array,
  factor: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) target[start + i] += factor * source[i];
}

/**
 * The yardstick: a multilayer perceptron in float32 with plain stochastic gradient descent, batch 1.
 *
 * Parameters, activations and errors are float32; sums of products are rounded once, when they are stored, so the
 * arithmetic is at least as good as float32 throughout. It reads the kernel's descriptor, starts from the kernel's
 * initial weights and takes the same int8 samples in the same order: only the arithmetic differs. It never skips a
 * backward pass.
 */
export class FloatMlp {
  /** [P], numbered as the kernel's words (SPEC, section 2.1). */
  readonly parameters: Float32Array;
  /** Tensor 0 is the input, tensor l + 1 the output of layer l, the last one the logits. */
  private readonly tensors: Float32Array[];
  /** Error of each tensor. */
  private readonly errors: Float32Array[];
  private readonly inputScale: number;

  constructor(private readonly model: ModelInfo) {
    const sizes = [model.inputs, ...model.layers.map((layer) => layer.outputs)];
    this.parameters = new Float32Array(model.parameters);
    this.tensors = sizes.map((size) => new Float32Array(size));
    this.errors = sizes.map((size) => new Float32Array(size));
    this.inputScale = 2 ** model.input.exponent;
  }

  /** Takes over kernel words: weight (S − 128)·2^(ew − 8), bias S·2^−12. Exact: a word fits float32. */
  loadWords(words: Int16Array): void {
    for (const layer of this.model.layers) {
      const unit = 2 ** (layer.weightExponent - 8);
      for (let i = layer.weightOffset; i < layer.biasOffset; i++) {
        this.parameters[i] = (words[i] - 128) * unit;
      }
      for (let i = layer.biasOffset; i < layer.biasOffset + layer.outputs; i++) {
        this.parameters[i] = words[i] * 2 ** -12;
      }
    }
  }

  /** The class of the largest logit, the first of equals. */
  predict(x: Int8Array): number {
    const logits = this.forward(x);
    let best = 0;
    for (let c = 1; c < logits.length; c++) if (logits[c] > logits[best]) best = c;
    return best;
  }

  /** One step of gradient descent on `classWeight` · softmax cross-entropy. */
  train(x: Int8Array, label: number, learningRate: number, classWeight: number): void {
    const logits = this.forward(x);
    const { layers } = this.model;
    softmaxError(logits, label, classWeight, this.errors[layers.length]);
    for (let l = layers.length - 1; l >= 0; l--) {
      // The weights before the update, as in the kernel.
      if (l > 0) this.propagate(layers[l], l);
      this.update(layers[l], l, learningRate);
    }
  }

  private forward(x: Int8Array): Float32Array {
    const { layers } = this.model;
    const input = this.tensors[0];
    for (let i = 0; i < x.length; i++) input[i] = x[i] * this.inputScale;
    layers.forEach((layer, l) => {
      const [from, to] = [this.tensors[l], this.tensors[l + 1]];
      for (let o = 0; o < layer.outputs; o++) {
        const row = layer.weightOffset + o * layer.inputs;
        const bias = this.parameters[layer.biasOffset + o];
        const sum = dotProduct(this.parameters, row, from, layer.inputs) + bias;
        to[o] = layer.activation === 'relu' ? Math.max(0, sum) : sum;
      }
    });
    return this.tensors[layers.length];
  }

  /** Error of the input of layer l ≥ 1, 0 where the ReLU that made it is closed. */
  private propagate(layer: DenseLayer, l: number): void {
    const [error, dx, x] = [this.errors[l + 1], this.errors[l], this.tensors[l]];
    const gated = this.model.layers[l - 1].activation === 'relu';
    for (let i = 0; i < layer.inputs; i++) {
      let sum = 0;
      for (let o = 0; o < layer.outputs; o++) {
        sum += this.parameters[layer.weightOffset + o * layer.inputs + i] * error[o];
      }
      dx[i] = gated && x[i] <= 0 ? 0 : sum;
    }
  }

  private update(layer: DenseLayer, l: number, learningRate: number): void {
    const [error, x] = [this.errors[l + 1], this.tensors[l]];
    for (let o = 0; o < layer.outputs; o++) {
      if (error[o] === 0) continue;
      const step = -learningRate * error[o];
      const row = layer.weightOffset + o * layer.inputs;
      addScaled(this.parameters, row, x, step, layer.inputs);
      this.parameters[layer.biasOffset + o] += step;
    }
  }
}

/** error = weight · (softmax(logits) − onehot(label)). */
function softmaxError(
  logits: Float32Array,
  label: number,
  weight: number,
  error: Float32Array,
): void {
  let largest = logits[0];
  for (let c = 1; c < logits.length; c++) largest = Math.max(largest, logits[c]);
  let total = 0;
  for (let c = 0; c < logits.length; c++) {
    error[c] = Math.exp(logits[c] - largest);
    total += error[c];
  }
  for (let c = 0; c < logits.length; c++) {
    error[c] = weight * (error[c] / total - (c === label ? 1 : 0));
  }
}
