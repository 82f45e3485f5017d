/** Strategies of the specification (2.10), in BigInt throughout. */
import {
  clampMaster,
  contributionWeight,
  divideRounded,
  meanDelta,
  type Contribution,
} from './aggregate.js';

export interface Model {
  /** Q16.16. */
  readonly master: readonly bigint[];
  readonly moments: readonly (readonly bigint[])[];
}

/** A decimal in `one`ths. */
const parts = (value: number, one: number): bigint => BigInt(Math.round(value * one));
const atLeastOne = (value: bigint): bigint => (value < 1n ? 1n : value);

function floorRoot(x: bigint): bigint {
  let root = 0n;
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) if ((root + bit) ** 2n <= x) root += bit;
  return root;
}

function step(
  model: Model,
  steps: readonly bigint[],
  moments: readonly (readonly bigint[])[],
): Model {
  return { master: model.master.map((value, i) => clampMaster(value + steps[i])), moments };
}

function hasWeight(contributions: readonly Contribution[], unit: number): boolean {
  return contributions.some(({ samples }) => contributionWeight(samples, unit) > 0n);
}

export type Oracle = (model: Model, contributions: readonly Contribution[], unit: number) => Model;

export const fedAvg: Oracle = (model, contributions, unit) =>
  step(model, meanDelta(contributions, model.master.length, unit), []);

export function fedAvgM(momentum: number, rate: number): Oracle {
  const limit = 2n ** 40n;
  return (model, contributions, unit) => {
    if (!hasWeight(contributions, unit)) return model;
    const mean = meanDelta(contributions, model.master.length, unit);
    const velocity = mean.map((value, i) => {
      const next =
        divideRounded(parts(momentum, 128) * (model.moments[0]?.[i] ?? 0n), 128n) + value;
      return next > limit ? limit : next < -limit ? -limit : next;
    });
    const steps = velocity.map((value) => divideRounded(parts(rate, 128) * value, 128n));
    return step(model, steps, [velocity]);
  };
}

export function fedAdam(rate: number, beta1: number, beta2: number, tau: number): Oracle {
  const g1 = atLeastOne(128n - parts(beta1, 128));
  const g2 = atLeastOne(128n - parts(beta2, 128));
  return (model, contributions, unit) => {
    if (!hasWeight(contributions, unit)) return model;
    const mean = meanDelta(contributions, model.master.length, unit);
    const toward = (from: bigint, to: bigint, gain: bigint): bigint =>
      from + divideRounded(gain * (to - from), 128n);
    const m = mean.map((value, i) => toward(model.moments[0]?.[i] ?? 0n, value, g1));
    const v = mean.map((value, i) =>
      toward(model.moments[1]?.[i] ?? 0n, divideRounded(value, 256n) ** 2n, g2),
    );
    const steps = m.map((value, i) =>
      divideRounded(parts(rate, 256) * value, floorRoot(v[i]) + atLeastOne(parts(tau, 256))),
    );
    return step(model, steps, [m, v]);
  };
}

/** In ascending order of the bins, words with a bin. */
function binned(words: readonly bigint[]): { readonly bin: number; readonly word: bigint }[] {
  const sign = (word: bigint): number => (word < 0n ? -1 : word > 0n ? 1 : 0);
  const bits = (word: bigint): number => (word < 0n ? -word : word).toString(2).length;
  return words
    .map((word) => ({ bin: sign(word) * bits(word), word }))
    .sort((a, b) => a.bin - b.bin);
}

function trimmed(words: readonly bigint[], trim: number): bigint {
  const ordered = binned(words);
  const left = ordered.slice(trim, ordered.length - trim);
  const given = [...new Set(left.map(({ bin }) => bin))].map((bin) => {
    const all = ordered.filter((entry) => entry.bin === bin);
    const taken = left.filter((entry) => entry.bin === bin).length;
    const sum = all.reduce((total, { word }) => total + word, 0n) << 16n;
    return taken === all.length ? sum : BigInt(taken) * divideRounded(sum, BigInt(all.length));
  });
  return divideRounded(
    given.reduce((a, b) => a + b, 0n),
    BigInt(left.length),
  );
}

function robust(trimOf: (n: number) => number): Oracle {
  return (model, contributions, unit) => {
    const counted = contributions.filter(({ samples }) => contributionWeight(samples, unit) > 0n);
    if (counted.length === 0) return { master: model.master, moments: [] };
    const steps = model.master.map((_, i) =>
      trimmed(
        counted.map(({ delta }) => BigInt(delta[i])),
        trimOf(counted.length),
      ),
    );
    return step(model, steps, []);
  };
}

export const median: Oracle = robust((n) => Math.floor((n - 1) / 2));

export function trimmedMean(trim: number): Oracle {
  return robust((n) => {
    const share = Number((parts(trim, 128) * BigInt(n)) / 128n);
    return n < 3 ? 0 : Math.max(1, share);
  });
}
