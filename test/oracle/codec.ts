import { codec, constant, purpose } from '../../host/contract/contract.gen.js';
import { hasParameters, type Model } from './layers.js';
import { isTrained } from './model.js';
import { mix, RandomStream } from './random.js';
import { decodeRuns, encodeRuns, fitRice } from './runs.js';
import { encodeSparseSegment, magnitudeOf } from './sparse.js';

/** Payloads of the specification (9), as strings of 0 and 1. */

const allZero = 15;
const mostOnes = 16;
const escapedBits = 17;
const limit = constant.DELTA_LIMIT;

interface Segment {
  readonly start: number;
  readonly end: number;
  /** Twice the number of the layer among those with parameters, and one for biases. */
  readonly number: number;
}

/** What SPARSE_TERNARY depends on beside the delta. */
export interface Sparse {
  /** Per mille. */
  readonly density: number;
  readonly residual: Int16Array;
}

/** Weights and biases of every layer that is trained. */
export function segmentsOf(model: Model, frozenLayers: number): Segment[] {
  return model.layers.flatMap((layer) => {
    if (!hasParameters(layer) || !isTrained(layer, frozenLayers)) return [];
    const biases = layer.weightOffset + layer.rows * layer.rowLength;
    const weights = { start: layer.weightOffset, end: biases, number: 2 * layer.index };
    if (layer.kind === 'EMBEDDING') return [weights];
    return [weights, { start: biases, end: biases + layer.rows, number: 2 * layer.index + 1 }];
  });
}

/** Bits of a word, sign included; 0 of RICE_INT16; undefined of a codec that is none of these. */
function widthOf(id: number): number | undefined {
  if (id === codec.RICE_INT16) return 0;
  return id >= codec.DENSE_2 && id <= codec.DENSE_8 ? id - 16 : undefined;
}

/** `count` bits of a number, the lowest first. */
export function lowBits(value: number, count: number): string {
  return [...value.toString(2).padStart(count, '0')].reverse().join('').slice(0, count);
}

const toUnsigned = (v: number): number => (v < 0 ? -2 * v - 1 : 2 * v);
const toSigned = (u: number): number => (u % 2 === 1 ? -(u + 1) / 2 : u / 2);

export function rice(u: number, k: number, longBits = escapedBits): string {
  const quotient = Math.floor(u / 2 ** k);
  return quotient >= mostOnes
    ? '1'.repeat(mostOnes) + lowBits(u, longBits)
    : `${'1'.repeat(quotient)}0${lowBits(u % 2 ** k, k)}`;
}

/** The smallest shift for which every word fits; 0 of RICE_INT16. */
function shiftOf(deltas: readonly number[], width: number): number {
  if (width === 0) return 0;
  const largest = Math.max(...deltas.map(Math.abs));
  const most = mostOf(width);
  let shift = 0;
  while (most * 2 ** shift < largest) shift++;
  return shift;
}

/** How the words of a segment are coded. */
interface Coding {
  readonly by: 'word' | 'runs';
  readonly rice: number;
}

const firstOfRuns = 8;
const mostOfRuns = 5;

/** What the number in front of a segment that is not all 0 says. */
function codingOf(k: number, width: number): Coding {
  if (width < 2 || width > 4 || k < firstOfRuns) return { by: 'word', rice: k };
  if (k > firstOfRuns + mostOfRuns) throw new RangeError('no such coding');
  return { by: 'runs', rice: k - firstOfRuns };
}

/** The number a writer puts there; `u` is the sum of what its words would be without a scale, on average. */
function chooseCoding(words: number, width: number, u: number): number {
  const runs = width >= 2 && width <= 4 ? fitRice(2 * words - u, u, mostOfRuns) : 0;
  return runs > 0 ? firstOfRuns + runs : fitRice(u, words, allZero - 1);
}

function sumOf(deltas: readonly number[], width: number, shift: number): number {
  const magnitude = (d: number): number => (width === 0 ? toUnsigned(d) : 2 * Math.abs(d));
  return Math.floor(deltas.reduce((total, d) => total + magnitude(d), 0) / 2 ** shift);
}

function mostOf(width: number): number {
  return width > 0 ? 2 ** (width - 1) - 1 : limit;
}

/** Words of a segment that is not all 0. */
export function encodeWords(words: readonly number[], width: number, k: number): string {
  const { by, rice: parameter } = codingOf(k, width);
  if (by === 'runs') return encodeRuns(words, parameter, mostOf(width));
  return words.map((q) => rice(toUnsigned(q), parameter)).join('');
}

/** What stands in front of a segment and the numbers behind it; no words if all are 0. */
export function roundSegment(
  deltas: readonly number[],
  width: number,
  seed: number,
): { k: number; shift: number; words: number[] } {
  const shift = shiftOf(deltas, width);
  if (deltas.every((d) => d === 0)) return { k: allZero, shift, words: [] };
  const stream = new RandomStream(seed);
  const words = deltas.map((d) =>
    shift === 0 ? d : Math.floor((d + stream.draw(shift)) / 2 ** shift),
  );
  return { k: chooseCoding(deltas.length, width, sumOf(deltas, width, shift)), shift, words };
}

function encodeSegment(deltas: readonly number[], width: number, seed: number): string {
  const { k, shift, words } = roundSegment(deltas, width, seed);
  if (k === allZero) return lowBits(k, 4);
  const head = lowBits(k, 4) + (width > 0 ? lowBits(shift, 4) : '');
  return head + encodeWords(words, width, k);
}

export function toBytes(bits: string): Uint8Array {
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Uint8Array.from(bytes, (byte) => Number.parseInt([...byte].reverse().join(''), 2));
}

/** The payload of `delta`; undefined for a codec that is none of these. */
export function encodePayload(
  model: Model,
  frozenLayers: number,
  id: number,
  nodeSeed: number,
  delta: Int16Array,
): Uint8Array | undefined {
  const width = widthOf(id);
  if (width === undefined) return undefined;
  const bits = segmentsOf(model, frozenLayers).map(({ start, end, number }) =>
    encodeSegment([...delta.slice(start, end)], width, mix(nodeSeed, purpose.CODEC, number)),
  );
  return toBytes(bits.join(''));
}

/** The payload of delta + residual, and what it leaves; undefined for a density outside its range. */
export function encodeSparse(
  model: Model,
  frozenLayers: number,
  delta: Int16Array,
  { density, residual }: Sparse,
): { payload: Uint8Array; residual: Int16Array; saturations: number } | undefined {
  if (!(density >= 1 && density <= constant.MAX_DENSITY)) return undefined;
  const after = residual.slice();
  let bits = '';
  let saturations = 0;
  for (const { start, end } of segmentsOf(model, frozenLayers)) {
    const sums = Array.from(delta.slice(start, end), (d, i) => d + residual[start + i]);
    const coded = encodeSparseSegment(sums, density);
    bits += coded.bits;
    saturations += coded.left.filter((v) => Math.abs(v) > limit).length;
    coded.left.forEach((v, i) => (after[start + i] = Math.max(-limit, Math.min(limit, v))));
  }
  return { payload: toBytes(bits), residual: after, saturations };
}

/** Bits of a payload from the first to the last; every reader throws what is no payload. */
export class BitReader {
  private at = 0;
  private readonly bits: string;

  constructor(payload: Uint8Array) {
    this.bits = [...payload].map((byte) => lowBits(byte, 8)).join('');
  }

  take(count: number): number {
    if (this.at + count > this.bits.length) throw new RangeError('no more bits');
    const taken = this.bits.slice(this.at, this.at + count);
    this.at += count;
    return taken === '' ? 0 : Number.parseInt([...taken].reverse().join(''), 2);
  }

  takeRice(k: number, longBits = escapedBits): number {
    let quotient = 0;
    while (quotient < mostOnes && this.take(1) === 1) quotient++;
    if (quotient < mostOnes) return quotient * 2 ** k + this.take(k);
    const u = this.take(longBits);
    if (u < mostOnes * 2 ** k) throw new RangeError('a short number written long');
    return u;
  }

  /** Bytes of which a bit was taken. */
  get bytes(): number {
    return Math.ceil(this.at / 8);
  }

  end(): void {
    const rest = this.bits.slice(this.at);
    if (rest.length >= 8 || rest.includes('1')) throw new RangeError('bits are left');
  }
}

/** What one call of decode reads, up to CODEC_WORDS words of a segment. */
export interface Slice {
  readonly start: number;
  /** None of a segment of zeros. */
  readonly words: readonly number[];
  /** Bytes of the payload taken when it ends. */
  readonly bytes: number;
}

function* decodeByWord(reader: BitReader, k: number, most: number): Generator<number> {
  while (true) {
    const q = toSigned(reader.takeRice(k));
    if (Math.abs(q) > most) throw new RangeError('a word outside its limits');
    yield q;
  }
}

/** Words in slices, each times the factor. */
function* sliced(
  reader: BitReader,
  segment: Segment,
  factor: number,
  words: Generator<number>,
): Generator<Slice> {
  for (let { start } = segment; start < segment.end; start += constant.CODEC_WORDS) {
    const length = Math.min(constant.CODEC_WORDS, segment.end - start);
    const slice = Array.from({ length }, () => {
      const word = (words.next().value as number) * factor;
      return Math.max(-limit, Math.min(limit, word));
    });
    yield { start, words: slice, bytes: reader.bytes };
  }
}

function* decodeSegment(reader: BitReader, width: number, segment: Segment): Generator<Slice> {
  const k = reader.take(4);
  if (k === allZero) {
    yield { start: segment.start, words: [], bytes: reader.bytes };
    return;
  }
  const shift = width > 0 ? reader.take(4) : 0;
  const { by, rice: parameter } = codingOf(k, width);
  const words =
    by === 'runs'
      ? decodeRuns(reader, parameter, mostOf(width), segment.end - segment.start)
      : decodeByWord(reader, parameter, mostOf(width));
  yield* sliced(reader, segment, 2 ** shift, words);
}

function* decodeSparseSegment(reader: BitReader, segment: Segment): Generator<Slice> {
  const magnitude = magnitudeOf(reader.take(6));
  if (magnitude === 0) {
    yield { start: segment.start, words: [], bytes: reader.bytes };
    return;
  }
  const count = segment.end - segment.start;
  const signs = decodeRuns(reader, reader.take(4), 1, count, count - 1);
  yield* sliced(reader, segment, magnitude, signs);
}

/**
 * Reads a payload slice by slice; `isWhole` if it is one of this codec. What comes after the last whole slice
 * is not.
 */
export function decodePayload(
  model: Model,
  frozenLayers: number,
  id: number,
  payload: Uint8Array,
): { readonly slices: readonly Slice[]; readonly isWhole: boolean } {
  const width = widthOf(id);
  const isSparse = id === codec.SPARSE_TERNARY;
  const slices: Slice[] = [];
  if (width === undefined && !isSparse) return { slices, isWhole: false };
  const reader = new BitReader(payload);
  try {
    for (const segment of segmentsOf(model, frozenLayers)) {
      const read = isSparse
        ? decodeSparseSegment(reader, segment)
        : decodeSegment(reader, width!, segment);
      for (const slice of read) slices.push(slice);
    }
    reader.end();
    return { slices, isWhole: true };
  } catch (error) {
    if (error instanceof RangeError) return { slices, isWhole: false };
    throw error;
  }
}
