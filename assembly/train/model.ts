/** The planned model: what plan() found and every call works on. */

/** Stages of the call order: a call that comes too early answers ERR_STATE. */
export const STAGE_EMPTY: i32 = 0;
export const STAGE_PLANNED: i32 = 1;
export const STAGE_BEGUN: i32 = 2;

@unmanaged
export class Model {
  stage: i32;
  layers: i32;
  layerTable: usize;
  parameters: i32;
  classes: i32;
  inputExponent: i32;
  logits: usize;
  logitsExponent: i32;
  /** int32 accumulators of one hidden layer. */
  accumulators: usize;
  /** Packed inputs of a layer going forward, int32 dx going backward: 4 bytes per padded input. */
  scratch: usize;
  /** int32 Q15 error of the softmax [C]. */
  lossError: usize;
  /** int8 error of the layer at hand. */
  error: usize;
  classWeights: usize;
  confusion: usize;
  io: usize;

  // Settings checked and copied by begin().
  nodeSeed: i32;
  lrShift: i32;
  lrDecay: i32;
  totalSteps: u64;
  skipThreshold: i32;
}

export const model = changetype<Model>(memory.data(offsetof<Model>(), 8));
