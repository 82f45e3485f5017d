import { constant, decay } from '../../../host/contract/contract.gen.js';
import { toHex } from '../../../host/contract/hash.js';
import { readModel } from '../../oracle/descriptor.js';
import { generousMemoryBytes } from '../../oracle/machine.js';
import type { Settings, Step, WordFill } from '../script.js';

/** A case before the oracle has filled in the outcomes. */
export interface Draft {
  readonly name: string;
  readonly script: readonly Step[];
}

/** Settings that train visibly in one step; a group overrides what it is about. */
export function settings(overrides: Partial<Settings> = {}): Settings {
  return {
    federationSeed: 1,
    baseVersion: 0,
    nodeKey: 0x1234abcd,
    lrShift: 6,
    lrDecay: decay.CONSTANT,
    totalSteps: 100,
    skipThreshold: 0,
    ...overrides,
  };
}

export function plan(descriptor: Uint8Array): Step {
  const memoryBytes = generousMemoryBytes(readModel(descriptor));
  return { do: 'plan', descriptor: toHex(descriptor), memoryBytes };
}

export function call(name: Extract<Step, { do: 'call' }>['name'], ...args: number[]): Step {
  return { do: 'call', name, args };
}

/** Plan, load and begin: the start of most cases. */
export function ready(
  descriptor: Uint8Array,
  words: WordFill,
  overrides: Partial<Settings> = {},
): Step[] {
  return [plan(descriptor), { do: 'load', words }, { do: 'begin', settings: settings(overrides) }];
}

/** What can be seen after a sample: all of it in a few lines. */
export const look: readonly Step[] = [{ do: 'logits' }, { do: 'hash' }];

/** The end of every case: counters and canaries. */
export const finish: readonly Step[] = [{ do: 'counters' }, call('check')];

export const skipDefault: number = constant.SKIP_THRESHOLD_DEFAULT;
