import type { LayerInfo, ModelInfo } from '../../../host/model/descriptor.js';
import { elementsOf } from '../../../host/model/shape.js';
import { DepthwiseLayer } from './depthwise.js';
import { makeTensor, type FloatLayer, type Tensor } from './layer.js';
import { convolutionRoom, LinearLayer, type Rows } from './linear.js';
import { Loops } from './loops.js';
import { softmaxCrossEntropy, squaredError } from './losses.js';
import { AveragePoolLayer, MaxPoolLayer } from './pools.js';

/** One layer of the net with what the net must know of it. */
interface Stage {
  readonly info: LayerInfo;
  readonly layer: FloatLayer;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly trained: boolean;
}

const noRoom = { elements: 0, pieces: 0 };

function makeLayer(
  loops: Loops,
  info: LayerInfo,
  parameters: Float32Array,
  x: Tensor,
  y: Tensor,
): FloatLayer {
  const { weightOffset, biasOffset } = info;
  const rows: Rows = { parameters, weightOffset, biasOffset, relu: info.activation === 'relu' };
  switch (info.op) {
    case 'dense':
      return new LinearLayer(loops, rows, x, y);
    case 'conv':
      return new LinearLayer(loops, rows, x, y, info);
    case 'depthwise':
      return new DepthwiseLayer(rows, x, y, info);
    case 'maxPool':
      return new MaxPoolLayer(x, y, info);
    case 'averagePool':
    case 'globalAveragePool':
      return new AveragePoolLayer(x, y, info);
    case 'embedding':
      throw new Error('the float32 reference has no embedding');
  }
}

/** Memory for parameters, tensors and what convolutions need. */
function makeLoops(model: ModelInfo): Loops {
  const rooms = model.layers.map((info) => {
    const room = info.op === 'conv' ? convolutionRoom(info.inputShape, info) : noRoom;
    const tensor = 2 * elementsOf(info.outputShape);
    return { elements: room.elements + tensor, pieces: room.pieces + 2 };
  });
  const elements = rooms.reduce((sum, room) => sum + room.elements, 0);
  const pieces = rooms.reduce((sum, room) => sum + room.pieces, 0);
  return new Loops(model.parameters + 2 * model.inputs + elements, 3 + pieces);
}

/**
 * The yardstick: a net in float32 with plain stochastic gradient descent, batch 1.
 *
 * It reads the kernel's descriptor, starts from the kernel's initial weights and takes the same int8 samples in the same
 * order: only the arithmetic differs. It never skips a backward pass.
 */
export class FloatNet {
  /** [P], numbered as the kernel's words (SPEC, section 2.1). */
  readonly parameters: Float32Array;
  private readonly input: Tensor;
  private readonly output: Tensor;
  private readonly stages: readonly Stage[];
  private readonly inputScale: number;
  /** The backward pass ends at this stage. */
  private readonly lowest: number;

  /** Bit l of `frozenLayers`: layer l with parameters is not trained. */
  constructor(
    private readonly model: ModelInfo,
    frozenLayers = 0,
  ) {
    const { height, width, channels, exponent } = model.input;
    const loops = makeLoops(model);
    this.parameters = loops.floats(model.parameters);
    this.inputScale = 2 ** exponent;
    this.input = makeTensor(loops, [height, width, channels]);
    let x = this.input;
    this.stages = model.layers.map((info) => {
      const [from, y] = [x, makeTensor(loops, info.outputShape)];
      x = y;
      const trained = info.index >= 0 && ((frozenLayers >>> info.index) & 1) === 0;
      return { info, layer: makeLayer(loops, info, this.parameters, from, y), x: from, y, trained };
    });
    this.output = x;
    this.lowest = this.stages.findIndex(({ trained }) => trained);
  }

  /** Takes over kernel words: weight (S − 128)·2^(ew − 8), bias S·2^−12. Exact: a word fits float32. */
  loadWords(words: Int16Array): void {
    for (const { info } of this.stages) {
      const unit = 2 ** (info.weightExponent - 8);
      for (let i = info.weightOffset; i < info.biasOffset; i++) {
        this.parameters[i] = (words[i] - 128) * unit;
      }
      for (let i = info.biasOffset; i < info.biasOffset + info.biases; i++) {
        this.parameters[i] = words[i] * 2 ** -12;
      }
    }
  }

  /** The output for sample `x`: logits, or a reconstruction in the sample's real values; valid until the next call. */
  forward(x: Int8Array): Float32Array {
    const { values } = this.input;
    for (let i = 0; i < values.length; i++) values[i] = x[i] * this.inputScale;
    for (const { layer } of this.stages) layer.forward();
    return this.output.values;
  }

  /** The class of the largest logit, the first of equals. */
  predict(x: Int8Array): number {
    const logits = this.forward(x);
    let best = 0;
    for (let c = 1; c < logits.length; c++) if (logits[c] > logits[best]) best = c;
    return best;
  }

  /** Loss of sample `x`: cross-entropy in nats, or half the summed squares of the reconstruction's error. */
  loss(x: Int8Array, label: number): number {
    this.forward(x);
    return this.head(label, 1);
  }

  /** One step of gradient descent on `classWeight` · loss; the loss before it. */
  train(x: Int8Array, label: number, learningRate: number, classWeight: number): number {
    this.forward(x);
    const loss = this.head(label, classWeight);
    if (this.lowest < 0) return loss;
    for (let l = this.stages.length - 1; l >= this.lowest; l--) {
      const { layer, trained } = this.stages[l];
      // With the weights before the update, as in the kernel.
      if (l > this.lowest) this.propagate(l);
      if (trained) layer.update(learningRate);
    }
    return loss;
  }

  /** Error of the input of layer l, 0 where the ReLU that made it is closed. */
  private propagate(l: number): void {
    const { layer, x } = this.stages[l];
    layer.propagate();
    if (this.stages[l - 1].info.activation !== 'relu') return;
    for (let i = 0; i < x.values.length; i++) if (x.values[i] <= 0) x.errors[i] = 0;
  }

  private head(label: number, weight: number): number {
    return this.model.loss === 'squared-error'
      ? squaredError(this.output, this.input.values, weight)
      : softmaxCrossEntropy(this.output, label, weight);
  }
}
