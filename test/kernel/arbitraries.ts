import fc from 'fast-check';
import { readModel } from '../oracle/descriptor.js';
import { chainDescriptor, type ChainLayer } from '../vectors/descriptor.js';
import { ready } from '../vectors/groups/common.js';
import type { InputFill, Settings, Step, WordFill } from '../vectors/script.js';

/** Random models, parameters, samples and plans for properties. */

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const seed = fc.nat(0xffff);

/** Mostly exponents that models really have; sometimes any that are allowed. */
const weightExponent = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -8, max: -2 }) },
  { weight: 1, arbitrary: fc.integer({ min: -24, max: 24 }) },
);

const layer = (outputs: fc.Arbitrary<number>): fc.Arbitrary<ChainLayer> =>
  fc.record({
    outputs,
    weightExponent,
    relu: fc.boolean(),
    initBound: fc.nat(16383),
  });

/** A valid chain of one to four layers. */
export const descriptor: fc.Arbitrary<Uint8Array> = fc
  .record({
    inputs: fc.integer({ min: 1, max: 40 }),
    inputExponent: fc.oneof(fc.constant(-7), fc.integer({ min: -24, max: 24 })),
    hidden: fc.array(layer(fc.integer({ min: 1, max: 24 })), { maxLength: 3 }),
    last: layer(fc.integer({ min: 2, max: 12 })),
  })
  .map(({ inputs, inputExponent, hidden, last }) =>
    chainDescriptor({ inputs, inputExponent, layers: [...hidden, { ...last, relu: false }] }),
  );

export const words: fc.Arbitrary<WordFill> = fc.record({
  kind: fc.constantFrom('neutral', 'small', 'small', 'uniform', 'limits', 'top', 'bottom'),
  seed,
});

/** Filled samples, or any int8 values, −128 included: a host may write what it likes. */
function input(inputs: number): fc.Arbitrary<InputFill> {
  const int8 = fc.integer({ min: -128, max: 127 });
  return fc.oneof(
    fc.record({
      kind: fc.constantFrom('zero', 'uniform', 'sparse', 'signs', 'tiny', 'top', 'bottom'),
      seed,
    }),
    fc.array(int8, { minLength: inputs, maxLength: inputs }).map((values) => ({ values })),
  );
}

function settings(classes: number): fc.Arbitrary<Partial<Settings>> {
  const weight = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: -4, max: 4 }) },
    { weight: 1, arbitrary: fc.integer({ min: -128, max: 127 }) },
  );
  return fc.record({
    federationSeed: uint32,
    baseVersion: uint32,
    nodeKey: uint32,
    lrShift: fc.integer({ min: 0, max: 24 }),
    lrDecay: fc.integer({ min: 0, max: 1 }),
    totalSteps: fc.oneof(fc.nat(10), uint32),
    skipThreshold: fc.oneof(fc.constant(0), fc.nat(32767)),
    classWeights: fc.array(weight, { minLength: classes, maxLength: classes }),
  });
}

function sample(inputs: number, classes: number): fc.Arbitrary<Step[]> {
  return fc
    .record({
      call: fc.constantFrom('train', 'train', 'train', 'evaluate', 'infer'),
      x: input(inputs),
      label: fc.nat(classes - 1),
    })
    .map(({ call, x, label }): Step[] => [
      call === 'infer' ? { do: call, x } : { do: call, x, label },
      { do: 'logits' },
      { do: 'hash' },
    ]);
}

/** Plan, load, begin, a few samples with everything looked at, counters and canaries. */
export const script: fc.Arbitrary<Step[]> = descriptor.chain((bytes) => {
  const { inputs, classes } = readModel(bytes);
  return fc
    .record({
      fill: words,
      plan: settings(classes),
      samples: fc.array(sample(inputs, classes), { minLength: 1, maxLength: 6 }),
    })
    .map(({ fill, plan, samples }): Step[] => [
      ...ready(bytes, fill, plan),
      ...samples.flat(),
      { do: 'counters' },
      { do: 'call', name: 'check', args: [] },
    ]);
});
