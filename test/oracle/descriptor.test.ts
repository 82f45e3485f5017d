import { describe, expect, it } from 'vitest';
import { denseChain } from '../vectors/descriptor.js';
import { brokenDescriptors } from '../vectors/groups/refusals.js';
import { readDescriptor, readModel } from './descriptor.js';
import { isWeighted } from './layers.js';

describe('descriptors in the oracle', () => {
  it('places weights and biases layer by layer', () => {
    const { layers, parameters, inputs, classes } = readModel(denseChain(12, 9, 7, 5));
    const dense = layers.filter(isWeighted);
    const places = dense.map(({ weightOffset, biasOffset }) => [weightOffset, biasOffset]);
    expect(places).toEqual([
      [0, 108],
      [117, 180],
      [187, 222],
    ]);
    expect([parameters, inputs, classes]).toEqual([227, 12, 5]);
    expect(dense.map(({ relu }) => relu)).toEqual([true, true, false]);
  });

  for (const [name, descriptors] of Object.entries(brokenDescriptors)) {
    it.each(descriptors)(`${name}: %s`, (_, bytes) => {
      expect([...readDescriptor(bytes).violations]).toEqual([name]);
    });
  }
});
