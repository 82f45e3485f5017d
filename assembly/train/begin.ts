/** Start of a training or evaluation: settings checked, seeds mixed, counters cleared. */
import {
  BLOCK_BASE_VERSION,
  BLOCK_FEDERATION_SEED,
  BLOCK_LR_DECAY,
  BLOCK_LR_SHIFT,
  BLOCK_NODE_KEY,
  BLOCK_PROXIMAL_SHIFT,
  BLOCK_SKIP_THRESHOLD,
  BLOCK_TOTAL_STEPS,
  DECAY_STEPS,
  ERR_RANGE,
  MAX_PROXIMAL_SHIFT,
  OK,
  PURPOSE_NODE,
  PURPOSE_UPDATE,
} from '../contract.gen';
import { stopCoding } from '../codec/delta';
import { fold } from '../math/random';
import { readUnsigned, readWord } from '../memory/block';
import { model, STAGE_BEGUN } from './model';
import { clearCounters } from './step';

const MAX_LR_SHIFT: u32 = 24;
const MAX_SKIP_THRESHOLD: u32 = 32767;

/**
 * Copies the settings out of the block, so that later writes cannot change a running training.
 * Returns ERR_RANGE, with nothing changed, if one is outside its range.
 */
export function beginTraining(): i32 {
  const lrShift = readWord(BLOCK_LR_SHIFT);
  const lrDecay = readWord(BLOCK_LR_DECAY);
  const skipThreshold = readWord(BLOCK_SKIP_THRESHOLD);
  if (<u32>lrShift > MAX_LR_SHIFT || <u32>lrDecay > <u32>DECAY_STEPS) return ERR_RANGE;
  const proximalShift = readWord(BLOCK_PROXIMAL_SHIFT);
  if (<u32>skipThreshold > MAX_SKIP_THRESHOLD) return ERR_RANGE;
  if (<u32>proximalShift > <u32>MAX_PROXIMAL_SHIFT) return ERR_RANGE;
  model.lrShift = lrShift;
  model.lrDecay = lrDecay;
  model.skipThreshold = skipThreshold;
  model.proximalShift = proximalShift;
  model.totalSteps = readUnsigned(BLOCK_TOTAL_STEPS);
  const federation = fold(readWord(BLOCK_FEDERATION_SEED), PURPOSE_NODE);
  model.nodeSeed = fold(fold(federation, readWord(BLOCK_BASE_VERSION)), readWord(BLOCK_NODE_KEY));
  model.updateSeed = fold(model.nodeSeed, PURPOSE_UPDATE);
  clearCounters();
  stopCoding();
  model.stage = STAGE_BEGUN;
  return OK;
}
