/** Why a simulation cannot begin or go on. */
import { LinnetError } from '../contract/error.js';
import { hourMs } from './virtual-timers.js';

/** Virtual days in which no upload counts, after which nodes have looked in vain long enough. */
const PATIENCE_DAYS = 30;
export const patienceMs = 24 * hourMs * PATIENCE_DAYS;

export function failForeign(store: string): never {
  throw new LinnetError('ERR_CONFIG', `${store} has no checkpoint beside it`, {
    remedy:
      'name another folder with --out: this one is of something else, or of real nodes alone, which keep none',
  });
}

export function failGone(store: string): never {
  throw new LinnetError('ERR_STORE', `there is no ${store}, but a checkpoint beside it`, {
    remedy: 'bring it back, or begin again in another folder',
  });
}

export function failOther(folder: string): never {
  throw new LinnetError('ERR_CONFIG', `${folder} holds another simulation`, {
    remedy: 'give the scenario and data it was begun with, or another folder with --out',
  });
}

export function failStuck(version: number): never {
  throw new LinnetError('ERR_CONFIG', `no node can complete version ${version} any more`, {
    remedy:
      'give round.deadlineMinutes, a smaller round.quorum, a cohort below the nodes that stay, or a plan whose conditions they meet',
  });
}

export function failSilent(version: number, sinceMs: number, nowMs: number): never {
  const [from, to] = [sinceMs, nowMs].map((ms) => (ms / hourMs).toFixed(2));
  throw new LinnetError(
    'ERR_CONFIG',
    `no upload for version ${version} has counted in ${PATIENCE_DAYS} virtual days, from hour ${from} to ${to}: nodes only look whether they may take part`,
    {
      remedy:
        'let them be awake while they charge, ask less of them in the plan, or give a smaller round.quorum with round.deadlineMinutes',
    },
  );
}
