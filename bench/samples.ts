import type { MeasuredModel } from './models.js';

export interface Sample {
  readonly x: Int8Array;
  readonly label: number;
}

const noiseRange = 81;
const signal = 60;

/** Seeded noise with a bump per class: hard enough that errors stay, easy enough to be learnt. */
export function makeSamples({ elements, classes }: MeasuredModel, count: number): Sample[] {
  let state = 1;
  const draw = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) % noiseRange;
  };
  return Array.from({ length: count }, (_, n) => {
    const label = n % classes;
    const x = Int8Array.from(
      { length: elements },
      (_, i) => draw() - (noiseRange >> 1) + (i % classes === label ? signal : 0),
    );
    return { x, label };
  });
}
