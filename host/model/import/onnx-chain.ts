/** The chain of layers an importer builds while it walks a graph. */
import { outputShapeOf } from '../build.js';
import { elementsOf, formatShape, type Shape } from '../shape.js';
import type { RecordedSpec } from '../spec.js';
import {
  affineOfChannels,
  composeAffine,
  foldBefore,
  spreadChannels,
  type Affine,
} from './affine.js';
import {
  collectParameters,
  describeSpec,
  importError,
  type FloatModel,
  type LayerParameters,
} from './float-model.js';
import { axesOfInput, axisGroup, type Axes, type InputLayout } from './onnx-axes.js';
import type { OnnxInput } from './onnx-proto.js';

interface Draft {
  spec: RecordedSpec;
  readonly parameters?: { readonly weights: Float64Array; readonly biases?: Float64Array };
  /** What happens to the input before the layer. */
  readonly before: Affine | undefined;
}

/** Rows and their length, of a layer that has weights. */
function rowsOf({ spec, parameters }: Draft, outputs: number): [number, number] {
  const rows = spec.op === 'embedding' ? spec.vocabulary : outputs;
  return [rows, parameters!.weights.length / rows];
}

export class Chain {
  axes: Axes;
  /** [H, W, C] of the value at hand. */
  shape: Shape;
  private readonly input: Shape;
  private readonly drafts: Draft[] = [];
  /** A scale and offset that no layer has taken yet. */
  private pending: Affine | undefined;
  /** The value at hand is what the last layer computed, before any activation. */
  private isLinear = false;
  /** The layer that would take a relu here. */
  private reluTarget: Draft | undefined;

  constructor(input: OnnxInput, layout: InputLayout) {
    const { axes, shape } = axesOfInput(input.dims.slice(1), layout);
    this.axes = axes;
    this.shape = shape;
    this.input = shape;
  }

  get isEmpty(): boolean {
    return this.drafts.length === 0;
  }

  describe(): string {
    return `input ${formatShape(this.shape)}`;
  }

  /** The input, read with other dimensions; only before the first layer. */
  reshapeInput(dims: readonly number[]): Chain {
    return new Chain({ name: '', dims: [0, ...dims] }, 'channels-first');
  }

  addWeighted(spec: RecordedSpec, parameters: LayerParameters): void {
    const copy = {
      weights: parameters.weights,
      ...(spec.op !== 'embedding' && {
        biases: parameters.biases?.slice() ?? new Float64Array(this.outputsOf(spec)),
      }),
    };
    const draft = { spec, parameters: copy, before: this.pending };
    this.pending = undefined;
    this.append(draft);
    this.isLinear = spec.op !== 'embedding';
    this.reluTarget = this.isLinear ? draft : undefined;
  }

  addPool(spec: RecordedSpec): void {
    const before = this.pending && affineOfChannels(this.pending, this.shape, spec.op);
    const isMax = spec.op.startsWith('max');
    if (isMax && before?.scale.some((scale) => scale < 0)) {
      throw importError('a max-pool reads negated values', 'move the scale behind the pool');
    }
    this.append({ spec, before: undefined });
    this.pending = before && spreadChannels(this.shape, before.scale, before.offset);
    this.isLinear = false;
    if (!isMax) this.reluTarget = undefined;
  }

  addRelu(): void {
    const { reluTarget, pending } = this;
    const isScaled =
      pending?.scale.some((scale) => scale < 0) || pending?.offset.some((value) => value !== 0);
    if (reluTarget === undefined || isScaled) {
      throw importError(
        'relu stands behind a layer that cannot take it',
        'put it directly behind a convolution or dense layer (batch normalisation may stand between)',
      );
    }
    reluTarget.spec = { ...reluTarget.spec, activation: 'relu' } as RecordedSpec;
    this.isLinear = false;
    this.reluTarget = undefined;
  }

  /** y = scale·x + offset, into the layer just before if nothing stands between, else into the next one. */
  addAffine(affine: Affine): void {
    if (!this.isLinear) {
      this.pending = this.pending ? composeAffine(affine, this.pending) : affine;
      return;
    }
    const draft = this.drafts.at(-1)!;
    const { scale, offset } = affineOfChannels(affine, this.shape, draft.spec.op);
    const { weights, biases } = draft.parameters!;
    const [rows, rowLength] = rowsOf(draft, this.shape[2]);
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < rowLength; k++) weights[row * rowLength + k] *= scale[row];
      biases![row] = biases![row] * scale[row] + offset[row];
    }
  }

  finish(): FloatModel {
    if (this.pending) {
      throw importError(
        'the graph ends in a scale or offset that no layer can take',
        'end it in a dense layer',
      );
    }
    const [height, width, channels] = this.input;
    const spec = {
      input: { height, width, channels, exponent: 0 },
      layers: this.drafts.map((draft) => draft.spec),
      loss: 'softmax-cross-entropy',
    } as const;
    const weighted = this.drafts.filter((draft) => draft.parameters !== undefined);
    const model = collectParameters(
      spec,
      weighted.map((draft) => draft.parameters!),
    );
    const { layers } = describeSpec(spec);
    for (const [place, { before }] of this.drafts.entries()) {
      if (before) foldBefore(layers[place], model.parameters, before);
    }
    return model;
  }

  private outputsOf(spec: RecordedSpec): number {
    return outputShapeOf(spec, this.shape)[2];
  }

  private append(draft: Draft): void {
    this.shape = outputShapeOf(draft.spec, this.shape);
    if (elementsOf(this.shape) === 0) throw importError('a layer gives nothing', 'check its sizes');
    this.drafts.push(draft);
  }

  /** The dimensions of what the last layer gave: channels first, then space of these names. */
  channelsFirst(space: readonly ('H' | 'W')[]): void {
    const [height, width, channels] = this.shape;
    const sizes = { H: height, W: width };
    this.axes = [axisGroup('C', channels), ...space.map((name) => axisGroup(name, sizes[name]))];
  }
}
