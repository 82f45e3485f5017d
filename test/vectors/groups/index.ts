import type { Draft } from './common.js';
import { dense, exponents } from './dense.js';
import { loss } from './loss.js';
import { refusals } from './refusals.js';
import { initialise, order } from './start.js';
import { state } from './state.js';
import { delta, trajectory } from './training.js';
import { update } from './update.js';

/** Every vector file by its name; each group runs on one kernel instance, in this order. */
export const vectorGroups: Readonly<Record<string, readonly Draft[]>> = {
  state,
  refusals,
  initialise,
  order,
  dense,
  exponents,
  loss,
  update,
  delta,
  trajectory,
};
