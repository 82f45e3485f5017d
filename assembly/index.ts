/**
 * The exports of kernel.wasm (SPEC 5) and nothing else: each checks the order of calls and the range
 * of its arguments, then hands over. All return i32, negative = status.
 */
import {
  BLOCK_ABI,
  BLOCK_DESCRIPTOR_PTR,
  BLOCK_INTRINSIC_SET,
  BLOCK_NUMERICS,
  CODEC_WORDS,
  ERR_CANARY,
  ERR_LABEL,
  ERR_RANGE,
  ERR_STATE,
  INTRINSIC_SET_VERSION,
  IO_WORDS,
  KERNEL_ABI_VERSION,
  NUMERICS_VERSION,
  OK,
} from './contract.gen';
import { decodeSlice, encodeSlice, startDecoding, startEncoding } from './codec/delta';
import {
  countSaturated,
  DELTA,
  initialiseParameters,
  LOAD,
  PULL,
  STORE,
  transfer,
} from './codec/parameters';
import { permute } from './math/random';
import { canariesLive } from './memory/arena';
import { BLOCK, writeWord } from './memory/block';
import { beginTraining } from './train/begin';
import { model, STAGE_BEGUN, STAGE_PLANNED } from './train/model';
import { arrangeModel, planModel, prepareModel } from './train/plan';
import { infer as inferSample, score, trainStep } from './train/step';

const MAX_ORDER: u32 = 1 << 30;

/** Where the descriptor goes and the arena begins: the first free byte, on a boundary of 16. */
function arenaStart(): usize {
  return (__heap_base + 15) & ~15;
}

export function abi(): i32 {
  return KERNEL_ABI_VERSION;
}

export function block(): i32 {
  writeWord(BLOCK_ABI, KERNEL_ABI_VERSION);
  writeWord(BLOCK_NUMERICS, NUMERICS_VERSION);
  // @ts-ignore: set by the compiler's option --use
  writeWord(BLOCK_INTRINSIC_SET, ACCELERATED ? INTRINSIC_SET_VERSION : 0);
  writeWord(BLOCK_DESCRIPTOR_PTR, <i32>arenaStart());
  return <i32>BLOCK;
}

export function prepare(): i32 {
  return prepareModel(arenaStart());
}

export function arrange(): i32 {
  return arrangeModel(arenaStart());
}

export function plan(): i32 {
  return planModel(arenaStart());
}

export function initialise(seed: i32): i32 {
  if (model.stage < STAGE_PLANNED) return ERR_STATE;
  initialiseParameters(seed);
  return OK;
}

function moveParameters(mode: i32, offset: i32, count: i32): i32 {
  if (model.stage < STAGE_PLANNED) return ERR_STATE;
  if (<u32>count > <u32>IO_WORDS || <u32>offset > <u32>model.parameters) return ERR_RANGE;
  if (count > model.parameters - offset) return ERR_RANGE;
  transfer(mode, offset, count);
  return OK;
}

export function load(offset: i32, count: i32): i32 {
  return moveParameters(LOAD, offset, count);
}

export function store(offset: i32, count: i32): i32 {
  return moveParameters(STORE, offset, count);
}

export function delta(offset: i32, count: i32): i32 {
  return moveParameters(DELTA, offset, count);
}

export function pull(offset: i32, count: i32): i32 {
  return model.stage < STAGE_BEGUN ? ERR_STATE : moveParameters(PULL, offset, count);
}

export function encoding(codec: i32): i32 {
  return model.stage < STAGE_BEGUN ? ERR_STATE : startEncoding(codec);
}

export function encode(count: i32): i32 {
  if (model.stage < STAGE_BEGUN) return ERR_STATE;
  return <u32>count > <u32>CODEC_WORDS ? ERR_RANGE : encodeSlice(count);
}

export function decoding(codec: i32): i32 {
  return model.stage < STAGE_PLANNED ? ERR_STATE : startDecoding(codec);
}

export function decode(bytes: i32): i32 {
  if (model.stage < STAGE_PLANNED) return ERR_STATE;
  return <u32>bytes > <u32>(2 * (IO_WORDS - CODEC_WORDS)) ? ERR_RANGE : decodeSlice(bytes);
}

export function begin(): i32 {
  return model.stage < STAGE_PLANNED ? ERR_STATE : beginTraining();
}

export function order(stream: i32, count: i32, index: i32): i32 {
  if (model.stage < STAGE_BEGUN) return ERR_STATE;
  if (count < 1 || <u32>count > MAX_ORDER || <u32>index >= <u32>count) return ERR_RANGE;
  return permute(model.nodeSeed, stream, count, index);
}

function checkLabel(label: i32): i32 {
  if (model.stage < STAGE_BEGUN) return ERR_STATE;
  return <u32>label < <u32>model.classes ? OK : ERR_LABEL;
}

export function train(label: i32): i32 {
  const status = checkLabel(label);
  if (status < 0) return status;
  return model.lowestTrained < model.layers ? trainStep(label) : ERR_STATE;
}

export function evaluate(label: i32): i32 {
  const status = checkLabel(label);
  return status < 0 ? status : score(label);
}

export function infer(): i32 {
  return model.stage < STAGE_PLANNED ? ERR_STATE : inferSample();
}

export function check(): i32 {
  if (model.stage < STAGE_PLANNED) return ERR_STATE;
  return canariesLive() ? OK : ERR_CANARY;
}

export function saturations(): i32 {
  return model.stage < STAGE_PLANNED ? ERR_STATE : countSaturated();
}
