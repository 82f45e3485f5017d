/** The planned model: what plan() found and every call works on. */
import { Head } from '../contract.gen';

/** Stages of the call order: a call that comes too early answers ERR_STATE. */
export const STAGE_EMPTY: i32 = 0;
/** The layers have shapes, but no place yet. */
export const STAGE_PREPARED: i32 = 1;
/** They have their place in memory that may not be there yet. */
export const STAGE_ARRANGED: i32 = 2;
export const STAGE_PLANNED: i32 = 3;
export const STAGE_BEGUN: i32 = 4;

@unmanaged
export class Model {
  stage: i32;
  /** Of the descriptor, while planning is under way. */
  digest: i32;
  /** All layers, and those with parameters. */
  layers: i32;
  layerTable: usize;
  layerEnd: usize;
  parameterLayers: i32;
  parameters: i32;
  /** Index of the lowest layer that is trained; `layers` if none is. */
  lowestTrained: i32;
  /** Where it lies. */
  lowestLayer: usize;
  /** RECORD of the loss. */
  loss: i32;
  classes: i32;
  inputExponent: i32;
  /** Where the host writes a sample; not the first x if padding keeps its rows apart. */
  sample: usize;
  /** The sample has to be staged: placed between padding, or its tokens looked up. */
  isStaged: bool;
  /** First layer behind that, and the exponent of its x. */
  firstLayer: usize;
  firstExponent: i32;
  /** Layers from there whose output is an input that others share. */
  sharedLayers: i32;
  confusion: usize;
  io: usize;

  // Settings checked and copied by begin().
  nodeSeed: i32;
  /** mix(nodeSeed, UPDATE). */
  updateSeed: i32;
  lrShift: i32;
  lrDecay: i32;
  totalSteps: u64;
  skipThreshold: i32;
  proximalShift: i32;
}

export const model = changetype<Model>(memory.data(offsetof<Model>(), 8));
export const head = changetype<Head>(memory.data(offsetof<Head>(), 8));
