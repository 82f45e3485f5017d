import {
  activation,
  constant,
  record,
  type StatusName,
  version,
} from '../../host/contract/contract.gen.js';

/** A dense layer as the descriptor gives it, with the place of its parameters. */
export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weightExponent: number;
  readonly relu: boolean;
  readonly initBound: number;
  /** Number of the first weight, [O][I] row-major; the biases [O] follow at biasOffset. */
  readonly weightOffset: number;
  readonly biasOffset: number;
}

export interface Model {
  readonly inputs: number;
  readonly inputExponent: number;
  readonly layers: readonly DenseLayer[];
  readonly classes: number;
  readonly parameters: number;
}

interface RawRecord {
  readonly tag: number;
  readonly payload: DataView;
}

/** Elements of a tensor, so that accumulators cannot overflow, and largest Bq. */
export const maxElements = 32768;
const maxInitBound = 16383;

const payloadBytes = new Map<number, number>([
  [record.INPUT, 16],
  [record.DENSE, 12],
  [record.SOFTMAX_CROSS_ENTROPY, 4],
]);

type Report = (name: StatusName) => void;

/** The records as far as the framing goes; every broken rule of the framing is reported. */
function splitRecords(bytes: Uint8Array, report: Report): RawRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < constant.DESCRIPTOR_HEADER_BYTES) {
    report('ERR_DESCRIPTOR');
    return [];
  }
  const count = view.getUint16(6, true);
  const sound =
    bytes.length <= constant.DESCRIPTOR_MAX_BYTES &&
    view.getUint32(0, true) === constant.DESCRIPTOR_MAGIC &&
    view.getUint16(4, true) === version.DESCRIPTOR_FORMAT &&
    count <= constant.MAX_RECORDS &&
    view.getUint32(8, true) === bytes.length &&
    view.getUint32(12, true) === 0;
  if (!sound) report('ERR_DESCRIPTOR');

  const records: RawRecord[] = [];
  let at: number = constant.DESCRIPTOR_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    const start = at + constant.RECORD_HEADER_BYTES;
    const length = start <= bytes.length ? view.getUint16(at + 2, true) : 0;
    if (start + length > bytes.length) {
      report('ERR_DESCRIPTOR');
      return records;
    }
    const payload = new DataView(bytes.buffer, bytes.byteOffset + start, length);
    records.push({ tag: view.getUint16(at, true), payload });
    at = start + length;
  }
  if (at !== bytes.length) report('ERR_DESCRIPTOR');
  return records;
}

/** Walks the records in order; keeps on after an error so that every broken rule is reported. */
class Validator {
  readonly layers: DenseLayer[] = [];
  inputs = 0;
  inputExponent = 0;
  classes = 0;
  parameters = 0;
  /** Elements of each defined tensor, and which tensors have a reader. */
  private readonly elements = new Map<number, number>();
  private readonly read = new Set<number>();
  private readonly makers = new Map<number, DenseLayer>();

  constructor(private readonly report: Report) {}

  readInput(payload: DataView): void {
    const [height, width, channels] = [0, 2, 4].map((at) => payload.getUint16(at, true));
    this.inputs = height * width * channels;
    this.inputExponent = this.checkExponent(payload.getInt8(6));
    if (payload.getUint8(7) !== 0) this.report('ERR_DESCRIPTOR');
    if (this.inputs === 0 || this.inputs > maxElements) this.report('ERR_SHAPE');
    this.define(0, this.inputs);
  }

  readDense(payload: DataView): void {
    const [input, output, inputs, outputs] = [0, 2, 4, 6].map((at) => payload.getUint16(at, true));
    const available = this.use(input);
    if (inputs === 0 || inputs > maxElements || (available !== undefined && available !== inputs)) {
      this.report('ERR_SHAPE');
    }
    if (outputs === 0 || outputs > maxElements) this.report('ERR_SHAPE');
    const weightExponent = this.checkExponent(payload.getInt8(8));
    const code = payload.getUint8(9);
    if (code !== activation.NONE && code !== activation.RELU) this.report('ERR_UNKNOWN_OP');
    const initBound = payload.getUint16(10, true);
    if (initBound > maxInitBound) this.report('ERR_EXPONENT');
    const weightOffset = this.parameters;
    const biasOffset = weightOffset + inputs * outputs;
    const relu = code === activation.RELU;
    const place = { weightOffset, biasOffset };
    const layer = { inputs, outputs, weightExponent, relu, initBound, ...place };
    this.parameters = biasOffset + outputs;
    this.layers.push(layer);
    this.define(output, outputs);
    this.makers.set(output, layer);
  }

  readLoss(payload: DataView): void {
    const input = payload.getUint16(0, true);
    this.classes = payload.getUint16(2, true);
    const available = this.use(input);
    if (available !== undefined && available !== this.classes) this.report('ERR_SHAPE');
    if (this.classes < 2 || this.classes > constant.MAX_CLASSES) this.report('ERR_SHAPE');
    const maker = this.makers.get(input);
    const logits = maker !== undefined && !maker.relu;
    if (available !== undefined && !logits) this.report('ERR_DESCRIPTOR');
  }

  finish(): void {
    for (const tensor of this.elements.keys()) {
      if (!this.read.has(tensor)) this.report('ERR_TENSOR');
    }
  }

  private checkExponent(exponent: number): number {
    if (Math.abs(exponent) > constant.MAX_EXPONENT) this.report('ERR_EXPONENT');
    return exponent;
  }

  private define(tensor: number, elements: number): void {
    if (tensor >= constant.MAX_TENSORS || this.elements.has(tensor)) this.report('ERR_TENSOR');
    this.elements.set(tensor, elements);
  }

  private use(tensor: number): number | undefined {
    if (!this.elements.has(tensor) || this.read.has(tensor)) this.report('ERR_TENSOR');
    this.read.add(tensor);
    return this.elements.get(tensor);
  }
}

/**
 * INPUT first and only there, at least one layer, a loss last and only there. A last record with an
 * unknown tag may be a loss of a newer format.
 */
function checkOrder(tags: readonly number[], report: Report): void {
  const last = tags.length - 1;
  const sound =
    last >= 2 &&
    tags[0] === record.INPUT &&
    (tags[last] === record.SOFTMAX_CROSS_ENTROPY || !payloadBytes.has(tags[last])) &&
    !tags.slice(1).includes(record.INPUT) &&
    !tags.slice(0, last).includes(record.SOFTMAX_CROSS_ENTROPY);
  if (!sound) report('ERR_DESCRIPTOR');
}

/** False if the record cannot be understood, and so nothing that builds on it either. */
function readRecord(validator: Validator, tag: number, payload: DataView, report: Report): boolean {
  if (!payloadBytes.has(tag)) report('ERR_UNKNOWN_OP');
  else if (payload.byteLength !== payloadBytes.get(tag)) report('ERR_DESCRIPTOR');
  else if (tag === record.INPUT) validator.readInput(payload);
  else if (tag === record.DENSE) validator.readDense(payload);
  else validator.readLoss(payload);
  return payload.byteLength === payloadBytes.get(tag);
}

/**
 * Reads a descriptor and lists every rule of section 3 that it breaks. The specification does not
 * say which violation is named first, so a kernel may answer with any of them; `model` is
 * meaningful only if there are none.
 */
export function readDescriptor(bytes: Uint8Array): { model: Model; violations: Set<StatusName> } {
  const violations = new Set<StatusName>();
  const report: Report = (name) => void violations.add(name);
  const records = splitRecords(bytes, report);
  checkOrder(
    records.map(({ tag }) => tag),
    report,
  );
  const validator = new Validator(report);
  const whole = records.every(({ tag, payload }) => readRecord(validator, tag, payload, report));
  // what nobody reads is known only at the end of a whole descriptor
  if (whole && !violations.has('ERR_DESCRIPTOR')) validator.finish();
  const { inputs, inputExponent, layers, classes, parameters } = validator;
  return { model: { inputs, inputExponent, layers, classes, parameters }, violations };
}

/** The model of a descriptor that must be valid; throws with the violations otherwise. */
export function readModel(bytes: Uint8Array): Model {
  const { model, violations } = readDescriptor(bytes);
  if (violations.size > 0) throw new Error(`invalid descriptor: ${[...violations].join(', ')}`);
  return model;
}
