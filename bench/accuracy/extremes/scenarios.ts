/** Data and rates that no training should be given, for any model. */
import type { SeededRandom } from '../../../host/data/random.js';
import type { ModelInfo } from '../../../host/model/descriptor.js';

export interface Sample {
  readonly x: Int8Array;
  readonly label: number;
}

export interface Scenario {
  readonly name: string;
  /** Added to the tuned shift: −4 is a rate 16 times too large; never below a shift of 0. */
  readonly shiftChange: number;
  /** Exponent of every class. */
  readonly classWeight: number;
  sample(model: ModelInfo, random: SeededRandom): Sample;
}

type Fill = (random: SeededRandom, label: number, index: number) => number;

/** A sample of a random class, its elements filled in one by one. */
function drawSample(model: ModelInfo, random: SeededRandom, fill: Fill): Sample {
  const label = random.below(model.classes);
  return { x: Int8Array.from({ length: model.inputs }, (_, i) => fill(random, label, i)), label };
}

/** A wave whose period tells the class, in noise: something that can be learnt. */
const wave: Fill = (random, label, i) =>
  Math.round(70 * Math.sin((i * (label + 1)) / 5)) + random.below(41) - 20;

function waves(model: ModelInfo, random: SeededRandom): Sample {
  return drawSample(model, random, wave);
}

function scenario(name: string, sample: Scenario['sample'], shiftChange = -4): Scenario {
  return { name, sample, shiftChange, classWeight: 0 };
}

export const scenarios: readonly Scenario[] = [
  scenario('rate × 16', waves),
  scenario('rate 1 or more', waves, -24),
  scenario('constant inputs', (model, random) => drawSample(model, random, () => 64)),
  scenario('inputs of zeros', (model, random) => drawSample(model, random, () => 0)),
  scenario('all labels equal', (model, random) => ({ ...waves(model, random), label: 0 })),
  scenario('random labels', (model, random) => ({
    ...waves(model, random),
    label: random.below(model.classes),
  })),
  scenario('inputs at the limits', (model, random) =>
    drawSample(model, random, () => (random.below(2) === 0 ? -128 : 127)),
  ),
  { ...scenario('class weights 2^127', waves), classWeight: 127 },
  { ...scenario('class weights 2^−128', waves), classWeight: -128 },
];
