import { blockWord, codec, constant, status } from '../../host/contract/contract.gen.js';
import { toHex } from '../../host/contract/hash.js';
import { decodePayload, segmentsOf } from '../oracle/codec.js';
import { describeSparse } from '../oracle/run-script.js';
import { readDescriptor } from '../oracle/descriptor.js';
import type { Model } from '../oracle/layers.js';
import type { TapeRecord, TapeValue } from '../runtimes/tape.js';
import { drawSample, fillInput, fillWords } from '../vectors/fill.js';
import {
  type BlockWord,
  type InputFill,
  listConfusion,
  type Outcome,
  type Settings,
  type Step,
} from '../vectors/script.js';

/** Turns scripts into tapes, and what a tape emitted into outcomes. */

/** The records of one step, and what their values say. */
export interface CompiledStep {
  readonly records: readonly TapeRecord[];
  readonly read: (values: readonly TapeValue[]) => Outcome;
}

const firstNumber = (values: readonly TapeValue[]): number => values[0] as number;

const firstRefusal = (values: readonly TapeValue[]): number =>
  (values as number[]).find((value) => value !== 0) ?? 0;

function setWord(name: BlockWord, value: number): TapeRecord {
  return { op: 'SET_WORD', word: blockWord[name], value };
}

function getWord(name: BlockWord): TapeRecord {
  return { op: 'GET_WORD', word: blockWord[name] };
}

function write(
  name: BlockWord,
  values: Int8Array | Uint8Array | Int16Array,
  offset = 0,
): TapeRecord {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { op: 'WRITE', word: blockWord[name], offset, bytes };
}

function read(name: BlockWord, length: number, offset = 0): TapeRecord {
  return { op: 'READ', word: blockWord[name], offset, length };
}

function call(name: Extract<TapeRecord, { op: 'CALL' }>['name'], ...args: number[]): TapeRecord {
  return { op: 'CALL', name, args };
}

function readInt16(bytes: TapeValue): number[] {
  const view = new DataView((bytes as Uint8Array).buffer);
  return Array.from({ length: view.byteLength / 2 }, (_, i) => view.getInt16(2 * i, true));
}

function readInt32(bytes: TapeValue): number[] {
  const view = new DataView((bytes as Uint8Array).buffer);
  return Array.from({ length: view.byteLength / 4 }, (_, i) => view.getInt32(4 * i, true));
}

function compilePlan(step: Extract<Step, { do: 'plan' }>): CompiledStep {
  const parts = step.inParts ? (['prepare', 'arrange', 'plan'] as const) : (['plan'] as const);
  const descriptor = Uint8Array.from(Buffer.from(step.descriptor, 'hex'));
  const records = [
    setWord('memoryBytes', step.memoryBytes),
    setWord('frozenLayers', step.frozenLayers ?? 0),
    setWord('personalLayers', 0),
    setWord('descriptorBytes', descriptor.length),
    write('descriptorPtr', descriptor.subarray(0, constant.DESCRIPTOR_MAX_BYTES)),
    ...parts.map((part) => call(part)),
  ];
  return { records, read: firstRefusal };
}

function compileBegin(settings: Settings, classes: number): TapeRecord[] {
  const { classWeights, proximalShift = 0, personalLayers = 0, ...plan } = settings;
  const words = { ...plan, proximalShift, personalLayers };
  const exponents = new Int8Array(classes);
  exponents.set(classWeights ?? []);
  return [
    ...Object.entries(words).map(([name, value]) => setWord(name as BlockWord, value)),
    write('classWeightsPtr', exponents),
    call('begin'),
  ];
}

/** Words through the transfer buffer and back. */
function compilePassage(name: 'delta' | 'store', base: Int16Array): CompiledStep {
  const records: TapeRecord[] = [];
  for (let at = 0; at < base.length; at += constant.IO_WORDS) {
    const slice = base.slice(at, at + constant.IO_WORDS);
    records.push(write('ioPtr', slice), call(name, at, slice.length));
    records.push(read('ioPtr', slice.byteLength));
  }
  return {
    records,
    read: (values) => values.filter((value) => typeof value !== 'number').flatMap(readInt16),
  };
}

function compilePull(base: Int16Array): CompiledStep {
  const records: TapeRecord[] = [];
  for (let at = 0; at < base.length; at += constant.IO_WORDS) {
    const slice = base.slice(at, at + constant.IO_WORDS);
    records.push(write('ioPtr', slice), call('pull', at, slice.length));
  }
  return { records, read: firstRefusal };
}

/** Behind the words of a slice in the transfer buffer. */
const codedOffset = 2 * constant.CODEC_WORDS;
const codedBytes = 2 * (constant.IO_WORDS - constant.CODEC_WORDS);

const residualOffset = codedBytes;

/** Every segment is asked for twice, slice by slice. */
function* slicesOf(model: Model, frozenLayers: number) {
  for (const { start, end } of segmentsOf(model, frozenLayers)) {
    for (const isCoded of [false, true]) {
      for (let at = start; at < end; at += constant.CODEC_WORDS) {
        yield { at, end: Math.min(end, at + constant.CODEC_WORDS), isCoded };
      }
    }
  }
}

/** The coded bytes behind an answer of encode, which must tell of the words that are coded. */
function bytesIn(answer: number, part: TapeValue, words: number): Uint8Array {
  if (answer >> 8 !== words) throw new Error(`${answer >> 8} words are coded, not ${words}`);
  return (part as Uint8Array).subarray(0, answer & 0xff);
}

function compileEncode(model: Model, frozenLayers: number, id: number, base: Int16Array) {
  const records: TapeRecord[] = [call('encoding', id)];
  const slices = [...slicesOf(model, frozenLayers)];
  for (const { at, end } of slices) {
    records.push(write('ioPtr', base.slice(at, end)), call('encode', end - at));
    records.push(read('ioPtr', codedBytes, codedOffset));
  }
  return {
    records,
    read: ([first, ...values]: readonly TapeValue[]) => {
      const counts = values.filter((value) => typeof value === 'number');
      const refused = [first as number, ...counts].find((count) => count < 0);
      if (refused !== undefined) return refused;
      const parts = values.filter((value) => typeof value !== 'number');
      return parts
        .map((part, i) => {
          const { at, end, isCoded } = slices[i];
          return toHex(bytesIn(counts[i], part, isCoded ? end - at : 0));
        })
        .join('');
    },
  };
}

function compileEncodeSparse(
  model: Model,
  frozenLayers: number,
  base: Int16Array,
  { residual, density }: { residual: Int16Array; density: number },
): CompiledStep {
  const id = codec.SPARSE_TERNARY;
  const records = [setWord('density', density), call('encoding', id)];
  const slices = [...slicesOf(model, frozenLayers)];
  for (const { at, end } of slices) {
    records.push(write('ioPtr', base.slice(at, end)));
    records.push(write('ioPtr', residual.slice(at, end), residualOffset));
    records.push(call('encode', end - at), read('ioPtr', residualOffset, codedOffset));
    records.push(read('ioPtr', 2 * (end - at), residualOffset));
  }
  return {
    records: [...records, getWord('residualSaturations')],
    read: ([first, ...values]) => {
      const counts = values.filter((value) => typeof value === 'number');
      const refused = [first as number, ...counts].find((count) => count < 0);
      if (refused !== undefined) return refused;
      const after = residual.slice();
      const payload = slices.flatMap(({ at, end, isCoded }, i) => {
        after.set(readInt16(values[3 * i + 2]), at);
        return [...bytesIn(counts[i], values[3 * i + 1], isCoded ? end - at : 0)];
      });
      return describeSparse(Uint8Array.from(payload), after, counts.at(-1)!);
    },
  };
}

/** The slices of a payload, and the call that finds out that it is none. */
function compileDecode(model: Model, frozenLayers: number, id: number, payload: Uint8Array) {
  const records: TapeRecord[] = [call('decoding', id)];
  const { slices, isWhole } = decodePayload(model, frozenLayers, id, payload);
  const starts = [0, ...slices.map(({ bytes }) => bytes)];
  const isEmpty = segmentsOf(model, frozenLayers).length === 0;
  // A payload with bits left over is refused by the call that reads its last slice.
  for (const at of isWhole || isEmpty ? starts.slice(0, -1) : starts) {
    const window = payload.slice(at, at + codedBytes);
    records.push({ op: 'WRITE', word: blockWord.ioPtr, offset: codedOffset, bytes: window });
    records.push(getWord('codecOffset'), call('decode', window.length));
    records.push(read('ioPtr', codedOffset));
  }
  return {
    records,
    read: ([first, ...values]: readonly TapeValue[]) => {
      if ((first as number) < 0) return first as number;
      // Nobody asks for what goes on behind the last segment.
      if (isEmpty && payload.length > 0) return status.ERR_RANGE;
      const delta = new Int16Array(model.parameters);
      for (let i = 0; i < values.length; i += 3) {
        const [offset, answer] = values.slice(i, i + 2) as number[];
        if (answer < 0) return answer;
        delta.set(readInt16(values[i + 2]).slice(0, answer >> 8), offset);
      }
      return [...delta];
    },
  };
}

function compileCounters(classes: number): CompiledStep {
  const names = ['step', 'samples', 'skipped', 'lossLow', 'lossHigh'] as const;
  return {
    records: [...names.map(getWord), read('confusionPtr', 4 * classes * classes)],
    read: (values) => {
      const [step, samples, skipped, low, high] = values as number[];
      const confusion = listConfusion(readInt32(values[5]), classes);
      return { step, samples, skipped, loss: high * 2 ** 32 + low, confusion };
    },
  };
}

function compileTrajectory(model: Model, seed: number, steps: number): CompiledStep {
  const records = Array.from({ length: steps }, (_, t): TapeRecord[] => {
    const { x, label } = drawSample(model, seed, t);
    return [write('inputPtr', x), call('train', label), { op: 'HASH' }];
  }).flat();
  const letter = (value: TapeValue): string =>
    value === 1 ? 'S' : value === 0 ? 'T' : `(${String(value)})`;
  return {
    records,
    read: (values) => ({
      steps: values
        .filter((_, i) => i % 2 === 0)
        .map(letter)
        .join(''),
      hashes: values.filter((_, i) => i % 2 === 1).map((hash) => toHex(hash as Uint8Array)),
    }),
  };
}

/** One step on a kernel that holds `model`; `silent` are the layers without segments. */
function compileStep(step: Step, model: Model, silent: number): CompiledStep {
  const sample = (x?: InputFill): TapeRecord[] =>
    x ? [write('inputPtr', fillInput(x, model.inputs))] : [];
  switch (step.do) {
    case 'plan':
      return compilePlan(step);
    case 'load':
      return { records: [{ op: 'LOAD', words: fillWords(step.words, model) }], read: firstNumber };
    case 'begin':
      return { records: compileBegin(step.settings, model.classes), read: firstNumber };
    case 'train':
    case 'evaluate':
      return { records: [...sample(step.x), call(step.do, step.label)], read: firstNumber };
    case 'infer':
      return { records: [...sample(step.x), call('infer')], read: firstNumber };
    case 'call':
      return { records: [call(step.name, ...step.args)], read: firstNumber };
    case 'loadSlice': {
      const values = Int16Array.from(step.values);
      const records = [write('ioPtr', values), call('load', step.offset, values.length)];
      return { records, read: firstNumber };
    }
    case 'storeSlice': {
      const records = [call('store', step.offset, step.count), read('ioPtr', 2 * step.count)];
      return { records, read: (values) => readInt16(values[1]) };
    }
    case 'delta':
      return compilePassage('delta', fillWords(step.base, model));
    case 'keep':
      return compilePassage('store', fillWords(step.words, model));
    case 'pull':
      return compilePull(fillWords(step.base, model));
    case 'encode': {
      const base = fillWords(step.base, model);
      return compileEncode(model, silent, step.codec, base);
    }
    case 'encodeSparse': {
      const [base, residual] = [step.base, step.residual].map((fill) => fillWords(fill, model));
      return compileEncodeSparse(model, silent, base, { residual, density: step.density });
    }
    case 'decode': {
      const payload = Uint8Array.from(Buffer.from(step.payload, 'hex'));
      return compileDecode(model, silent, step.codec, payload);
    }
    case 'saturations':
      return {
        records: [call('saturations'), getWord('weightSaturations')],
        read: ([answer, word]) => {
          const agree = (answer as number) < 0 || answer === word;
          return agree ? (answer as number) : `${String(answer)}, and ${String(word)} in the block`;
        },
      };
    case 'words':
      return { records: step.names.map(getWord), read: (values) => values as number[] };
    case 'counters':
      return compileCounters(model.classes);
    case 'logits':
      return {
        records: [getWord('logitsExponent'), read('logitsPtr', 4 * model.outputs)],
        read: ([exponent, logits]) => ({
          exponent: (exponent as number) | 0,
          values: readInt32(logits),
        }),
      };
    case 'hash':
      return { records: [{ op: 'HASH' }], read: ([hash]) => toHex(hash as Uint8Array) };
    case 'permutation': {
      const { stream, count } = step;
      const records = Array.from({ length: count }, (_, i) => call('order', stream, count, i));
      return { records, read: (values) => values as number[] };
    }
    case 'trajectory':
      return compileTrajectory(model, step.seed, step.steps);
  }
}

/** The steps of scripts that run one after the other on one kernel. */
export function compileScript(script: readonly Step[]): CompiledStep[] {
  let { model } = readDescriptor(new Uint8Array());
  let frozenLayers = 0;
  let personalLayers = 0;
  return script.map((step) => {
    if (step.do === 'plan') {
      ({ model } = readDescriptor(Uint8Array.from(Buffer.from(step.descriptor, 'hex'))));
      ({ frozenLayers = 0 } = step);
      personalLayers = 0;
    }
    if (step.do === 'begin') ({ personalLayers = 0 } = step.settings);
    return compileStep(step, model, (frozenLayers | personalLayers) >>> 0);
  });
}

const emits = (record: TapeRecord): boolean => record.op !== 'SET_WORD' && record.op !== 'WRITE';

/** One outcome per step; 'trapped' from the step on at which the tape ended. */
export function readOutcomes(
  steps: readonly CompiledStep[],
  values: readonly TapeValue[],
): Outcome[] {
  let at = 0;
  return steps.map((step) => {
    const from = at;
    at += step.records.filter(emits).length;
    return at <= values.length ? step.read(values.slice(from, at)) : 'trapped';
  });
}
