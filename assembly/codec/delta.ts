/**
 * Deltas to payloads and back, in slices of a few words (SPEC 9). A segment is the weights of a layer that is
 * trained and not personal, or its biases: its words are read twice, once to choose scale and Rice parameter,
 * once to code them. Of the payload no more than a slice is ever in memory.
 */
import {
  BLOCK_CODEC_OFFSET,
  BLOCK_DENSITY,
  BLOCK_PERSONAL_LAYERS,
  CODEC_DENSE_2,
  CODEC_DENSE_8,
  CODEC_RICE_INT16,
  CODEC_SPARSE_TERNARY,
  CODEC_WORDS,
  ERR_RANGE,
  ERR_STATE,
  Layer,
  OK,
  PURPOSE_CODEC,
} from '../contract.gen';
import { fold } from '../math/random';
import { readWord as readBlock, writeWord } from '../memory/block';
import { biasesOf, isAmong, isTrained, layerAt } from '../memory/layer';
import { model } from '../train/model';
import { bitsAt, bitsEnd, clearBits, moveBits, padBits, returnBits } from './bits';
import { DELTA, transfer, weightsOf } from './parameters';
import { endRuns, takeRuns } from './runs';
import {
  chooseScaled,
  measureScaled,
  openScaled,
  openScaledSegment,
  readScaled,
  readScaledHead,
  writeScaled,
} from './scaled';
import {
  chooseSparse,
  clearHistogram,
  measureSparse,
  openSparse,
  readSparseHead,
  writeSparse,
} from './sparse';

const IDLE: i32 = 0;
const MEASURE: i32 = 1;
const WRITE: i32 = 2;
const READ: i32 = 3;

@unmanaged
class Coder {
  phase: i32;
  isSparse: bool;
  /** 2 · layer, + 1 for biases; that of the segment at hand. */
  segment: i32;
  /** Parameters [start, end) of it, and the one that comes next. */
  start: i32;
  end: i32;
  next: i32;
  /** Read: what its words are multiples of; 0: all are 0, −1: not known. */
  factor: i32;
}

const coder = changetype<Coder>(memory.data(offsetof<Coder>(), 4));

/** Words of a part of a layer: 0 the weights, 1 the biases. */
function wordsOf(layer: Layer, part: i32): i32 {
  return part != 0 ? biasesOf(layer) : weightsOf(layer);
}

/** Goes to the next segment that has words; false if there is none. */
function openSegment(): bool {
  const personal = readBlock(BLOCK_PERSONAL_LAYERS);
  while (++coder.segment >> 1 < model.layers) {
    const layer = layerAt(model.layerTable, coder.segment >> 1);
    const words = wordsOf(layer, coder.segment & 1);
    coder.start = coder.end;
    coder.next = coder.start;
    coder.end += words;
    if (words > 0 && isTrained(layer) && !isAmong(personal, layer)) {
      const part = 2 * <i32>layer.index + (coder.segment & 1);
      if (coder.isSparse) clearHistogram();
      else openScaledSegment(fold(fold(model.nodeSeed, PURPOSE_CODEC), part));
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
  openScaled(isDense ? codec - CODEC_DENSE_2 + 2 : 0);
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

function measure(words: usize, count: i32): void {
  if (coder.isSparse) measureSparse(words, count);
  else measureScaled(words, count);
}

function choose(words: i32): void {
  if (coder.isSparse) chooseSparse(words);
  else chooseScaled(words);
}

function write(words: usize, count: i32): void {
  if (coder.isSparse) writeSparse(words, count);
  else writeScaled(words, count);
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
      choose(coder.end - coder.start);
      coder.phase = WRITE;
      coder.next = coder.start;
    }
  } else {
    coded = words;
    write(model.io, words);
    if (isLast) {
      endRuns();
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
  coder.factor = -1;
  tellOffset();
  return OK;
}

/** Words of a slice, to the transfer buffer. OK, or ERR_RANGE; a sparse segment is not all 0. */
function readWords(count: i32): i32 {
  const left = coder.end - coder.next;
  const factor = coder.factor;
  if (!coder.isSparse) return readScaled(model.io, count, left, factor);
  return takeRuns(model.io, count, left, coder.end - coder.start - 1, factor);
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
  if (coder.factor < 0) coder.factor = coder.isSparse ? readSparseHead() : readScaledHead();
  if (coder.factor < 0) return refuse();
  const isZero = coder.factor == 0;
  const count = isZero ? 0 : min(CODEC_WORDS, coder.end - coder.next);
  if (readWords(count) < 0) return refuse();
  returnBits();
  coder.next += count;
  if (isZero || coder.next == coder.end) {
    coder.factor = -1;
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
