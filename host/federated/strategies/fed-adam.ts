/**
 * FedAdam: Reddi, Charles, Zaheer, Garrett, Rush, Konečný, Kumar, McMahan, "Adaptive Federated
 * Optimization", ICLR 2021, algorithm 2. In fixed point, Δ the mean delta:
 *
 *   m ← m + round((1 − β1) · (Δ − m))              Q16.16 words
 *   v ← v + round((1 − β2) · (a² − v))             a = Δ in Q16.8, so a² < 2^47
 *   master ← master + round(rate · m / (⌊√v⌋ + τ))
 *
 * 1 − β1 and 1 − β2 are multiples of 1/128 and at least that, rate (in words) and τ (in words) of 1/256.
 */
import { floorRoot, roundedRatio, stepMaster } from './exact.js';
import { share, type Parameters } from './parameters.js';
import type { ServerModel, Strategy } from './strategy.js';
import { meanDelta, meanSums, type MeanSum } from './weighted-mean.js';

/** 128ths. */
const ONE = 128;
/** From Q16.16 to Q16.8. */
const SCALE = 256;

export const fedAdamParameters = {
  rate: {
    text: 'words a parameter moves by when all deltas agree',
    least: 0,
    most: 4096,
    default: 256,
  },
  beta1: { text: 'of the mean that is kept', least: 0, most: 0.992, default: 0.9 },
  beta2: { text: 'of the mean square that is kept', least: 0, most: 0.992, default: 0.99 },
  tau: { text: 'words added to the root of the mean square', least: 0.01, most: 4096, default: 1 },
} as const;

export function fedAdam(
  name: string,
  parameters: Parameters<typeof fedAdamParameters>,
): Strategy<MeanSum> {
  const gain1 = Math.max(1, ONE - share(parameters.beta1, ONE));
  const gain2 = Math.max(1, ONE - share(parameters.beta2, ONE));
  const rate = share(parameters.rate, SCALE);
  const tau = Math.max(1, share(parameters.tau, SCALE));
  const approach = (from: number, to: number, gain: number): number =>
    from + roundedRatio(gain * (to - from), ONE);
  const finish = ({ master, moments }: ServerModel, sum: MeanSum): ServerModel => {
    if (sum.weight === 0) return { master: master.slice(), moments };
    const [means, squares] = moments;
    const delta = meanDelta(sum);
    const m = delta.map((value, i) => approach(means?.[i] ?? 0, value, gain1));
    const v = delta.map((value, i) =>
      approach(squares?.[i] ?? 0, roundedRatio(value, SCALE) ** 2, gain2),
    );
    // Q16.16 / Q16.8 · Q8 of words is Q16.16.
    const steps = m.map((mean, i) => roundedRatio(rate * mean, floorRoot(v[i]) + tau));
    return { master: stepMaster(master, steps), moments: [m, v] };
  };
  return { name, moments: 2, takesStale: true, ...meanSums, finish };
}
