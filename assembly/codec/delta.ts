/**
 * Deltas to payloads and back, in slices of a few words (SPEC 9). A segment is the weights of a trained layer,
 * or its biases, or of a sparse payload both: its words are read twice, once to choose scale and Rice parameter, once to code them. Of
 * the payload no more than a slice is ever in memory.
 */
import {
  BLOCK_CODEC_OFFSET,
  BLOCK_DENSITY,
  CODEC_DENSE_2,
  CODEC_DENSE_8,
  CODEC_RICE_INT16,
  CODEC_SPARSE_TERNARY,
  CODEC_WORDS,
  DELTA_LIMIT,
  ERR_RANGE,
  ERR_STATE,
  Layer,
  OK,
  PURPOSE_CODEC,
} from '../contract.gen';
import { clampSymmetric } from '../math/fixed';
import { draw, fold, nextState } from '../math/random';
import { readWord as readBlock, writeWord } from '../memory/block';
import { biasesOf, isTrained, layerAt } from '../memory/layer';
import { model } from '../train/model';
import {
  bitsAt,
  bitsEnd,
  clearBits,
  moveBits,
  padBits,
  putBits,
  putRice,
  returnBits,
  takeBits,
  takeRice,
} from './bits';
import { DELTA, transfer, weightsOf } from './parameters';
import {
  chooseSparse,
  clearHistogram,
  endSparse,
  measureSparse,
  openSparse,
  readSparse,
  readSparseHead,
  writeSparse,
} from './sparse';

const IDLE: i32 = 0;
const MEASURE: i32 = 1;
const WRITE: i32 = 2;
const READ: i32 = 3;

/** Rice parameter of a segment of zeros, which has no words. */
const ALL_ZERO: i32 = 15;

@unmanaged
class Coder {
  phase: i32;
  /** Bits of a word, sign included; 0: exact. Of no meaning to a sparse payload. */
  width: i32;
  isSparse: bool;
  /** 2 · layer, + 1 for biases; that of the segment at hand. */
  segment: i32;
  /** Parameters [start, end) of it, and the one that comes next. */
  start: i32;
  end: i32;
  next: i32;
  /** Scale 2^shift, Rice parameter, random stream. */
  shift: i32;
  k: i32;
  state: i32;
  /** Of the words seen: the largest magnitude, and the sum of what would be coded without a scale. */
  largest: i32;
  sum: u64;
}

const coder = changetype<Coder>(memory.data(offsetof<Coder>(), 8));

/** Words of a part of a layer: 0 the weights, or all that is sparse, 1 the biases. */
function wordsOf(layer: Layer, part: i32): i32 {
  const biases = biasesOf(layer);
  if (coder.isSparse) return part != 0 ? 0 : weightsOf(layer) + biases;
  return part != 0 ? biases : weightsOf(layer);
}

/** Goes to the next segment that has words; false if there is none. */
function openSegment(): bool {
  while (++coder.segment >> 1 < model.layers) {
    const layer = layerAt(model.layerTable, coder.segment >> 1);
    const words = wordsOf(layer, coder.segment & 1);
    coder.start = coder.end;
    coder.next = coder.start;
    coder.end += words;
    if (words > 0 && isTrained(layer)) {
      coder.largest = 0;
      coder.sum = 0;
      const part = 2 * <i32>layer.index + (coder.segment & 1);
      coder.state = fold(fold(model.nodeSeed, PURPOSE_CODEC), part);
      if (coder.isSparse) clearHistogram();
      return true;
    }
  }
  return false;
}

/** OK, or ERR_RANGE if no such codec is known here. */
function open(codec: i32): i32 {
  const isDense = codec >= CODEC_DENSE_2 && codec <= CODEC_DENSE_8;
  const isSparse = codec == CODEC_SPARSE_TERNARY;
  if (!isDense && !isSparse && codec != CODEC_RICE_INT16) return ERR_RANGE;
  coder.isSparse = isSparse;
  coder.width = isDense ? codec - CODEC_DENSE_2 + 2 : 0;
  coder.segment = -1;
  coder.end = 0;
  clearBits();
  return OK;
}

/** Says which parameter comes next. */
function tellOffset(): void {
  writeWord(BLOCK_CODEC_OFFSET, coder.phase == IDLE ? model.parameters : coder.next);
}

export function startEncoding(codec: i32): i32 {
  if (codec == CODEC_SPARSE_TERNARY && openSparse(readBlock(BLOCK_DENSITY)) < 0) return ERR_RANGE;
  if (open(codec) < 0) return ERR_RANGE;
  coder.phase = openSegment() ? MEASURE : IDLE;
  tellOffset();
  return OK;
}

/** Signed to unsigned, small magnitudes first. */
function zigzag(v: i32): i32 {
  return (v << 1) ^ (v >> 31);
}

function measure(words: usize, count: i32): void {
  if (coder.isSparse) return measureSparse(words, count);
  for (const end = words + ((<usize>count) << 1); words < end; words += 2) {
    const d = <i32>load<i16>(words);
    coder.largest = max(coder.largest, abs(d));
    coder.sum += coder.width == 0 ? <u64>zigzag(d) : (<u64>abs(d)) << 1;
  }
}

/** Scale and Rice parameter follow from what was measured, and begin the segment. */
function chooseParameters(): void {
  if (coder.isSparse) return chooseSparse(coder.end - coder.start);
  const most = (1 << (coder.width - 1)) - 1;
  let shift = 0;
  if (coder.width > 0) while (most << shift < coder.largest) shift++;
  // The mean is close to 1.44 · 2^k at the best k: two thirds of it stand for that.
  const sum = (coder.sum >> (<u64>shift)) << 1;
  const words = 3 * <u64>(coder.end - coder.start);
  let k = 0;
  while (k < ALL_ZERO - 1 && words << (<u64>k) < sum) k++;
  if (coder.largest == 0) k = ALL_ZERO;
  coder.shift = shift;
  coder.k = k;
  putBits(<u64>k, 4);
  if (coder.width > 0 && k != ALL_ZERO) putBits(<u64>shift, 4);
}

function write(words: usize, count: i32): void {
  if (coder.isSparse) return writeSparse(words, count);
  if (coder.k == ALL_ZERO) return;
  const shift = coder.shift;
  const k = coder.k;
  let state = coder.state;
  for (const end = words + ((<usize>count) << 1); words < end; words += 2) {
    let d = <i32>load<i16>(words);
    if (shift > 0) {
      state = nextState(state);
      d = (d + draw(state, shift)) >> shift;
    }
    putRice(zigzag(d), k);
  }
  coder.state = state;
}

/** Behind the words of a slice. */
function codedBytes(): usize {
  return model.io + 2 * <usize>CODEC_WORDS;
}

/**
 * The transfer buffer holds base parameters from codecOffset on, `count` of them or more; those behind the
 * end of the segment are not looked at. Returns the number of bytes that are ready, + 256 · words that are
 * coded.
 */
export function encodeSlice(count: i32): i32 {
  if (coder.phase != MEASURE && coder.phase != WRITE) return ERR_STATE;
  const words = min(count, coder.end - coder.next);
  moveBits(codedBytes(), 0);
  transfer(DELTA, coder.next, words);
  coder.next += words;
  const isLast = coder.next == coder.end;
  let coded = 0;
  if (coder.phase == MEASURE) {
    measure(model.io, words);
    if (isLast) {
      chooseParameters();
      coder.phase = WRITE;
      coder.next = coder.start;
    }
  } else {
    coded = words;
    write(model.io, words);
    if (isLast) {
      if (coder.isSparse) endSparse();
      coder.phase = openSegment() ? MEASURE : IDLE;
      if (coder.phase == IDLE) padBits();
    }
  }
  tellOffset();
  return <i32>(bitsAt() - codedBytes()) + (coded << 8);
}

export function startDecoding(codec: i32): i32 {
  if (open(codec) < 0) return ERR_RANGE;
  coder.phase = openSegment() ? READ : IDLE;
  coder.k = -1;
  tellOffset();
  return OK;
}

/** Rice parameter and scale of a segment; ERR_RANGE if they are missing. */
function readParameters(): i32 {
  if (coder.isSparse) {
    const head = readSparseHead();
    coder.k = head == 0 ? ALL_ZERO : 0;
    return min(head, OK);
  }
  const k = takeBits(4);
  const shift = coder.width > 0 && k != ALL_ZERO ? takeBits(4) : 0;
  if (k < 0 || shift < 0) return ERR_RANGE;
  coder.k = k;
  coder.shift = shift;
  return OK;
}

/** A word of the segment, or i32.MIN_VALUE if it is none. */
function readWord(): i32 {
  const u = takeRice(coder.k);
  const most = coder.width > 0 ? (1 << coder.width) - 2 : 2 * DELTA_LIMIT;
  if (u < 0 || u > most) return i32.MIN_VALUE;
  const q = (u >>> 1) ^ -(u & 1);
  return clampSymmetric(q << coder.shift, DELTA_LIMIT);
}

/** Words of a slice, to the transfer buffer. OK, or ERR_RANGE. */
function readWords(count: i32): i32 {
  const io = model.io;
  if (coder.isSparse) {
    return readSparse(io, count, coder.end - coder.next, coder.end - coder.start);
  }
  for (let i = 0; i < count; i++) {
    const word = readWord();
    if (word == i32.MIN_VALUE) return ERR_RANGE;
    store<i16>(io + ((<usize>i) << 1), <i16>word);
  }
  return OK;
}

/** What is read is no payload, and there will be no more of it. */
function refuse(): i32 {
  coder.phase = IDLE;
  return ERR_RANGE;
}

/**
 * `bytes` bytes of the payload lie behind the words of a slice: all that are left, or more than a slice can
 * take. The transfer buffer receives words from codecOffset on, none of a segment of zeros. Returns the
 * bytes taken, those of which a bit was needed, + 256 · words; ERR_RANGE for what no encoder writes.
 */
export function decodeSlice(bytes: i32): i32 {
  if (coder.phase != READ) return ERR_STATE;
  moveBits(codedBytes(), codedBytes() + <usize>bytes);
  if (coder.k < 0 && readParameters() < 0) return refuse();
  const isZero = coder.k == ALL_ZERO;
  const count = isZero ? 0 : min(CODEC_WORDS, coder.end - coder.next);
  if (readWords(count) < 0) return refuse();
  returnBits();
  coder.next += count;
  if (isZero || coder.next == coder.end) {
    coder.k = -1;
    coder.phase = openSegment() ? READ : IDLE;
    if (coder.phase == IDLE && !bitsEnd()) return refuse();
  }
  tellOffset();
  return <i32>(bitsAt() - codedBytes()) + (count << 8);
}

/** Ends what is under way: the model or its seeds have changed. */
export function stopCoding(): void {
  coder.phase = IDLE;
}
