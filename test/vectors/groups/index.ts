import type { Draft } from './common.js';
import { codec } from './codec.js';
import { conv, depthwise } from './conv.js';
import { dense, exponents } from './dense.js';
import { embedding } from './embedding.js';
import { freezing, proximal } from './fleet.js';
import { limits } from './limits.js';
import { loss } from './loss.js';
import { pool } from './pool.js';
import { reconstruction } from './reconstruction.js';
import { refusals } from './refusals.js';
import { runs } from './runs.js';
import { small } from './small.js';
import { initialise, order } from './start.js';
import { state } from './state.js';
import { delta, network, trajectory } from './training.js';
import { update } from './update.js';

/** Every vector file by its name; each group runs on one kernel instance, in this order. */
export const vectorGroups: Readonly<Record<string, readonly Draft[]>> = {
  state,
  refusals,
  initialise,
  order,
  dense,
  exponents,
  conv,
  depthwise,
  pool,
  embedding,
  loss,
  reconstruction,
  update,
  limits,
  freezing,
  proximal,
  delta,
  codec: [...codec, ...runs],
  trajectory,
  network,
  'cortex-m0': small,
};

/** What fits a Cortex-M0 with 16 KB of RAM. */
export const smallGroups: readonly string[] = ['cortex-m0'];
