import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { alignBias } from '../oracle/weighted.js';
import { readModel } from '../oracle/descriptor.js';
import { chainDescriptor, denseChain, exponentChain } from '../vectors/descriptor.js';
import { finish, look, plan, ready } from '../vectors/groups/common.js';
import type { Counters, InputFill, Logits, Step } from '../vectors/script.js';
import { Driver } from './driver.js';

/** Ladder (a): primitives, exhaustively where they are small, and sizes at their limits. */

let driver: Driver;
beforeAll(async () => {
  driver = await Driver.open();
});

const int8 = Array.from({ length: 256 }, (_, i) => i - 128);

/** A word whose high byte is the operand. */
const wordOf = (operand: number): number => 256 * operand + 128;

/** Logits of the script's model for every sample. */
function inferAll(script: readonly Step[], samples: readonly (readonly number[])[]): Logits[] {
  const steps = samples.flatMap((values): Step[] => [
    { do: 'infer', x: { values } },
    { do: 'logits' },
  ]);
  const outcomes = driver.run([...script, ...steps]);
  return outcomes.filter((outcome) => typeof outcome === 'object' && 'exponent' in outcome);
}

describe('products', () => {
  /** Row o multiplies input `lane` by o − 128 and all other inputs by `other`. */
  function expectProducts(inputs: number, lane: number, other: number, otherX: number): void {
    const row = (operand: number): number[] =>
      Array.from({ length: inputs }, (_, i) => wordOf(i === lane ? operand : other));
    const words = [...int8.flatMap(row), ...Array<number>(256).fill(0)];
    const load: Step = { do: 'load', words: { values: words } };
    const samples = int8.map((x) =>
      Array.from({ length: inputs }, (_, i) => (i === lane ? x : otherX)),
    );
    const shown = inferAll([plan(exponentChain([inputs, 256], 0, 0)), load], samples);
    const rest = (inputs - 1) * other * otherX;
    const wrong = shown.flatMap(({ values }, at) =>
      values.filter((value, o) => value !== int8[o] * int8[at] + rest),
    );
    expect(shown).toHaveLength(256);
    expect(wrong).toEqual([]);
  }

  it('of every operand with every input are exact', () => {
    expectProducts(1, 0, 0, 0);
  });

  it('do not disturb their neighbours at the ends of int8, wherever they stand', () => {
    for (let lane = 0; lane < 9; lane++) {
      expectProducts(9, lane, -128, lane % 2 ? 127 : -127);
      expectProducts(9, lane, 127, lane % 2 ? -127 : 127);
    }
  });
});

describe('biases', () => {
  it('are aligned exactly: every bias at every shift from −15 to 25', () => {
    const wrong: string[] = [];
    for (let shift = -15; shift <= 25; shift++) {
      const ex = Math.trunc((shift - 12) / 2);
      const script: Step[] = [plan(exponentChain([1, 256], ex, shift - 12 - ex))];
      const stride = shift % 4 === 0 ? 1 : 17;
      const all = Array.from({ length: Math.floor(65534 / stride) }, (_, i) => i * stride - 32767);
      for (let at = 0; at < all.length; at += 256) {
        const biases = Array.from({ length: 256 }, (_, o) => all[at + o] ?? 0);
        script.push({
          do: 'load',
          words: { values: [...Array<number>(256).fill(128), ...biases] },
        });
        script.push({ do: 'infer', x: { kind: 'zero' } }, { do: 'logits' });
      }
      const outcomes = driver.run(script);
      const logits = outcomes.filter((outcome) => typeof outcome === 'object') as Logits[];
      const values = logits.flatMap((outcome) => outcome.values);
      all.forEach((bias, i) => {
        if (values[i] !== alignBias(bias, shift)) wrong.push(`${bias} at ${shift}: ${values[i]}`);
      });
    }
    expect(wrong).toEqual([]);
  });
});

describe('requantisation', () => {
  /** An identity behind the layer shows its int8 outputs as logits. */
  function identityModel(size: number, el: number): Uint8Array {
    const exponent = Math.trunc(el / 2);
    return chainDescriptor({
      inputs: 1,
      inputExponent: exponent,
      layers: [
        { outputs: size, relu: false, weightExponent: el - exponent, initBound: 0 },
        { outputs: size, weightExponent: 0, initBound: 0 },
      ],
    });
  }

  function showOutputs(biases: readonly number[], el: number): Step[] {
    const size = biases.length;
    const identity = Array.from({ length: size * size }, (_, i) =>
      wordOf(i % (size + 1) === 0 ? 1 : 0),
    );
    const words = [...Array<number>(size).fill(128), ...biases, ...identity];
    const values = [...words, ...Array<number>(size).fill(0)];
    return [
      plan(identityModel(size, el)),
      { do: 'load', words: { values } },
      { do: 'infer', x: { kind: 'zero' } },
      { do: 'logits' },
    ];
  }

  it('finds the shift at every power of two and its neighbours', () => {
    const tops = Array.from({ length: 15 }, (_, b) => 2 ** (b + 1))
      .flatMap((power) => [power - 1, power, power + 1])
      .filter((top) => top <= 32767);
    for (const top of tops) {
      const halves = [1, 3, 5, 127, 253, 255].map((k) => Math.floor((k * top) / 256));
      for (const el of [-12, -26]) {
        expect(driver.compare(showOutputs([top, ...halves, 0, -top], el))).toBeUndefined();
        expect(driver.compare(showOutputs([-top, -1, 1], el))).toBeUndefined();
      }
    }
  });

  it('rounds as the oracle does', () => {
    const bias = fc.integer({ min: -32767, max: 32767 });
    const biases = fc.array(bias, { minLength: 2, maxLength: 12 });
    const property = fc.property(biases, fc.integer({ min: -30, max: 2 }), (values, el) => {
      expect(driver.compare(showOutputs(values, el))).toBeUndefined();
    });
    fc.assert(property, { numRuns: 300 });
  });
});

describe('sizes at their limits', () => {
  const bottom: InputFill = { kind: 'bottom' };

  it.each([
    ['32,768 inputs', exponentChain([32768, 2], -13, -13)],
    ['32,768 hidden outputs', denseChain(2, 32768, 2)],
    ['256 classes', denseChain(5, 256)],
    ['62 layers', denseChain(3, ...Array<number>(62).fill(3))],
  ])('%s', (_, descriptor) => {
    const { classes } = readModel(descriptor);
    for (const kind of ['bottom', 'top', 'uniform'] as const) {
      const script: Step[] = [
        ...ready(descriptor, { kind, seed: 1 }, { lrShift: 3 }),
        { do: 'train', x: bottom, label: classes - 1 },
        ...look,
        { do: 'train', x: { kind: 'signs', seed: 2 }, label: 0 },
        ...look,
        ...finish,
      ];
      expect(driver.compare(script)).toBeUndefined();
    }
  });
});

describe('counters', () => {
  it('sum losses past 32 bits', () => {
    const words = { values: [128, 128, 32767, -32767] };
    const x: InputFill = { kind: 'zero' };
    const start = ready(exponentChain([1, 2], 0, 0), words);
    const script: Step[] = [...start, { do: 'evaluate', x, label: 1 }, { do: 'counters' }];
    const { loss } = driver.run(script).at(-1) as Counters;
    const count = Math.ceil(2 ** 32 / loss) + 1;
    for (let i = 1; i < count; i++) driver.engine.call('evaluate', 1);
    expect(driver.word('lossHigh') * 2 ** 32 + driver.word('lossLow')).toBe(count * loss);
    expect(driver.word('lossHigh')).toBe(1);
    expect(driver.word('samples')).toBe(count);
  });
});
