import { activation, constant, record, type StatusName } from '../../host/contract/contract.gen.js';
import {
  type AnyLayer,
  elementsOf,
  hasRelu,
  type Model,
  positionsOf,
  type Shape,
  type WeightedLayer,
  type Window,
} from './layers.js';

export type Report = (name: StatusName) => void;

type ConvKind = 'CONV' | 'DEPTHWISE';
type PoolKind = 'MAX_POOL' | 'AVERAGE_POOL';

const noPads = { padTop: 0, padLeft: 0, padBottom: 0, padRight: 0 };
const wholePixel: Window = {
  ...{ kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1 },
  ...noPads,
};

/** Eight or four bytes of a record: kernel, strides and, of a convolution, pads. */
function readWindow(payload: DataView, at: number, padded: boolean): Window {
  const byte = (n: number): number => payload.getUint8(at + n);
  const pads = { padTop: byte(padded ? 4 : 0), padLeft: byte(padded ? 5 : 0) };
  const more = { padBottom: byte(padded ? 6 : 0), padRight: byte(padded ? 7 : 0) };
  return {
    kernelHeight: byte(0),
    kernelWidth: byte(1),
    strideHeight: byte(2),
    strideWidth: byte(3),
    ...(padded ? { ...pads, ...more } : noPads),
  };
}

/** Whether sizes and pads are allowed, whatever the input. */
function isWindow(w: Window): boolean {
  const sizes = [w.kernelHeight, w.kernelWidth, w.strideHeight, w.strideWidth];
  const padsFit =
    Math.max(w.padTop, w.padBottom) < w.kernelHeight &&
    Math.max(w.padLeft, w.padRight) < w.kernelWidth;
  return Math.min(...sizes) >= 1 && padsFit;
}

/** Whether one window fits into the padded input. */
function fitsInto(w: Window, input: Shape): boolean {
  const tall = w.padTop + input.height + w.padBottom >= w.kernelHeight;
  const wide = w.padLeft + input.width + w.padRight >= w.kernelWidth;
  return tall && wide;
}

/** Walks the records in order; keeps on after an error so that every broken rule is reported. */
export class Validator {
  readonly layers: AnyLayer[] = [];
  private inputExponent = 0;
  private outputs = 0;
  private classes = 0;
  private loss: Model['loss'] = 'SOFTMAX_CROSS_ENTROPY';
  private parameters = 0;
  private parameterLayers = 0;
  /** Shape of each defined tensor, undefined where a broken rule leaves it open. */
  private readonly shapes = new Map<number, Shape | undefined>();
  private readonly read = new Set<number>();
  private readonly makers = new Map<number, AnyLayer>();

  constructor(private readonly report: Report) {}

  get model(): Model {
    const { layers, loss, inputExponent, outputs, classes, parameters } = this;
    const inputs = this.sampleElements() ?? 0;
    return { inputs, inputExponent, layers, loss, outputs, classes, parameters };
  }

  readInput(payload: DataView): void {
    const [height, width, channels] = [0, 2, 4].map((at) => payload.getUint16(at, true));
    this.inputExponent = this.checkExponent(payload.getInt8(6));
    if (payload.getUint8(7) !== 0) this.report('ERR_DESCRIPTOR');
    this.define(0, { height, width, channels });
  }

  readDense(payload: DataView): void {
    const [inputs, outputs] = [4, 6].map((at) => payload.getUint16(at, true));
    const shape = this.use(payload.getUint16(0, true));
    const fits = inputs > 0 && inputs <= constant.MAX_ELEMENTS;
    if (!fits || (shape && elementsOf(shape) !== inputs)) this.report('ERR_SHAPE');
    const layer: WeightedLayer = {
      kind: 'DENSE',
      input: { height: 1, width: 1, channels: inputs },
      output: { height: 1, width: 1, channels: outputs },
      window: wholePixel,
      relu: this.readActivation(payload.getUint8(9)),
      ...this.place(outputs, inputs, payload.getInt8(8), payload.getUint16(10, true)),
    };
    this.add(layer, payload);
  }

  readConv(kind: ConvKind, payload: DataView): void {
    const filters = payload.getUint16(4, true);
    const window = readWindow(payload, 8, true);
    const relu = this.readActivation(payload.getUint8(17));
    if (payload.getUint16(18, true) !== 0) this.report('ERR_DESCRIPTOR');
    const input = this.use(payload.getUint16(0, true));
    const area = window.kernelHeight * window.kernelWidth;
    const sound = isWindow(window) && filters > 0 && area * filters <= constant.MAX_ELEMENTS;
    if (!sound) this.report('ERR_SHAPE');
    const output = sound && input && this.convOutput(kind, input, window, filters);
    const depth = kind === 'CONV' ? (input?.channels ?? 0) : 1;
    const rowLength = area * depth;
    const scale = [payload.getInt8(16), payload.getUint16(6, true)] as const;
    const place = this.place(filters, rowLength, ...scale);
    if (!input || !output) return this.define(payload.getUint16(2, true), undefined);
    this.add({ kind, input, output, window, relu, ...place }, payload);
  }

  readPool(kind: PoolKind, payload: DataView): void {
    const input = this.use(payload.getUint16(0, true));
    this.addPool(kind, input, readWindow(payload, 4, false), payload);
  }

  readGlobalPool(payload: DataView): void {
    const input = this.use(payload.getUint16(0, true));
    const { height = 1, width = 1 } = input ?? {};
    const window = { ...wholePixel, kernelHeight: height, kernelWidth: width };
    this.addPool('GLOBAL_AVERAGE_POOL', input, window, payload);
  }

  readEmbedding(payload: DataView): void {
    const [from, , vocabulary, channels, initBound] = [0, 2, 4, 6, 8].map((at) =>
      payload.getUint16(at, true),
    );
    const weightExponent = payload.getInt8(10);
    if (payload.getUint8(11) !== 0) this.report('ERR_DESCRIPTOR');
    const input = this.use(from);
    // an undefined tensor has been reported
    if (from !== 0 && input) this.report('ERR_TENSOR');
    if (input && input.channels !== 1) this.report('ERR_SHAPE');
    const sized = vocabulary >= 2 && vocabulary <= constant.MAX_VOCABULARY && channels > 0;
    if (!sized) this.report('ERR_SHAPE');
    const place = this.place(vocabulary, channels, weightExponent, initBound, false);
    if (!input) return this.define(payload.getUint16(2, true), undefined);
    this.add({ kind: 'EMBEDDING', input, output: { ...input, channels }, ...place }, payload);
  }

  readLoss(loss: Model['loss'], payload: DataView): void {
    const input = payload.getUint16(0, true);
    this.loss = loss;
    this.outputs = payload.getUint16(2, true);
    this.classes = loss === 'SQUARED_ERROR' ? 1 : this.outputs;
    const defined = this.shapes.has(input) && !this.read.has(input);
    const shape = this.use(input);
    if (shape && elementsOf(shape) !== this.outputs) this.report('ERR_SHAPE');
    const expected = this.sampleElements();
    const sound =
      loss === 'SQUARED_ERROR'
        ? expected === undefined || this.outputs === expected
        : this.outputs >= 2 && this.outputs <= constant.MAX_CLASSES;
    if (!sound) this.report('ERR_SHAPE');
    const maker = this.makers.get(input);
    const logits = maker && (maker.kind === 'DENSE' || maker.kind === 'CONV') && !hasRelu(maker);
    // a layer with a broken window was never made, and has been reported
    const made = maker !== undefined || input === 0;
    if (defined && made && !logits) this.report('ERR_DESCRIPTOR');
  }

  finish(): void {
    for (const tensor of this.shapes.keys()) {
      if (!this.read.has(tensor)) this.report('ERR_TENSOR');
    }
  }

  private sampleElements(): number | undefined {
    const shape = this.shapes.get(0);
    return shape && elementsOf(shape);
  }

  /** Shape of the output; undefined, and reported, if no window fits. */
  private convOutput(
    kind: ConvKind,
    input: Shape,
    window: Window,
    filters: number,
  ): Shape | undefined {
    if (!fitsInto(window, input)) return void this.report('ERR_SHAPE');
    const { rows, columns } = positionsOf(input, window);
    const height = window.padTop + input.height + window.padBottom;
    const width = window.padLeft + input.width + window.padRight;
    const elements = window.kernelHeight * window.kernelWidth * input.channels;
    const sound =
      rows * columns <= constant.MAX_POSITIONS &&
      elements <= constant.MAX_ELEMENTS &&
      height * width * input.channels <= constant.MAX_PADDED &&
      (kind === 'CONV' || filters === input.channels);
    if (!sound) this.report('ERR_SHAPE');
    return { height: rows, width: columns, channels: filters };
  }

  private addPool(
    kind: PoolKind | 'GLOBAL_AVERAGE_POOL',
    input: Shape | undefined,
    window: Window,
    payload: DataView,
  ): void {
    const area = window.kernelHeight * window.kernelWidth;
    const sound = isWindow(window) && area <= constant.MAX_POSITIONS;
    const placed = sound && (!input || fitsInto(window, input));
    if (!placed) this.report('ERR_SHAPE');
    if (!placed || !input) return this.define(payload.getUint16(2, true), undefined);
    const { rows, columns } = positionsOf(input, window);
    const output = { height: rows, width: columns, channels: input.channels };
    this.add({ kind, input, output, window }, payload);
  }

  private add(layer: AnyLayer, payload: DataView): void {
    const output = payload.getUint16(2, true);
    this.layers.push(layer);
    this.define(output, layer.output);
    this.makers.set(output, layer);
  }

  /** The next parameters of the model. */
  private place(
    rows: number,
    rowLength: number,
    weightExponent: number,
    initBound: number,
    biased = true,
  ): Omit<WeightedLayer, 'kind' | 'input' | 'output' | 'window' | 'relu'> {
    this.checkExponent(weightExponent);
    if (initBound > constant.MAX_INIT_BOUND) this.report('ERR_EXPONENT');
    const weightOffset = this.parameters;
    const biasOffset = weightOffset + rows * rowLength;
    this.parameters = biasOffset + (biased ? rows : 0);
    const index = this.parameterLayers++;
    return { index, rows, rowLength, weightExponent, initBound, weightOffset, biasOffset };
  }

  private readActivation(code: number): boolean {
    if (code !== activation.NONE && code !== activation.RELU) this.report('ERR_UNKNOWN_OP');
    return code === activation.RELU;
  }

  private checkExponent(exponent: number): number {
    if (Math.abs(exponent) > constant.MAX_EXPONENT) this.report('ERR_EXPONENT');
    return exponent;
  }

  private define(tensor: number, shape: Shape | undefined): void {
    if (tensor >= constant.MAX_TENSORS || this.shapes.has(tensor)) this.report('ERR_TENSOR');
    const elements = shape === undefined ? 1 : elementsOf(shape);
    if (elements === 0 || elements > constant.MAX_ELEMENTS) this.report('ERR_SHAPE');
    this.shapes.set(tensor, shape);
  }

  private use(tensor: number): Shape | undefined {
    if (!this.shapes.has(tensor) || this.read.has(tensor)) this.report('ERR_TENSOR');
    this.read.add(tensor);
    return this.shapes.get(tensor);
  }
}

/** Payload bytes of every record, and what reads it. */
export const recordReaders: ReadonlyMap<
  number,
  { readonly bytes: number; readonly read: (validator: Validator, payload: DataView) => void }
> = new Map([
  [record.INPUT, { bytes: 16, read: (v, p) => v.readInput(p) }],
  [record.DENSE, { bytes: 12, read: (v, p) => v.readDense(p) }],
  [record.CONV, { bytes: 20, read: (v, p) => v.readConv('CONV', p) }],
  [record.DEPTHWISE, { bytes: 20, read: (v, p) => v.readConv('DEPTHWISE', p) }],
  [record.MAX_POOL, { bytes: 8, read: (v, p) => v.readPool('MAX_POOL', p) }],
  [record.AVERAGE_POOL, { bytes: 8, read: (v, p) => v.readPool('AVERAGE_POOL', p) }],
  [record.GLOBAL_AVERAGE_POOL, { bytes: 4, read: (v, p) => v.readGlobalPool(p) }],
  [record.EMBEDDING, { bytes: 12, read: (v, p) => v.readEmbedding(p) }],
  [
    record.SOFTMAX_CROSS_ENTROPY,
    { bytes: 4, read: (v, p) => v.readLoss('SOFTMAX_CROSS_ENTROPY', p) },
  ],
  [record.SQUARED_ERROR, { bytes: 4, read: (v, p) => v.readLoss('SQUARED_ERROR', p) }],
]);

export const lossTags: readonly number[] = [record.SOFTMAX_CROSS_ENTROPY, record.SQUARED_ERROR];
