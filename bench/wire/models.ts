/** Models of 1 k, 10 k and 50 k parameters, and how their uploads are coded. */
import { federationKey } from '../../host/contract/authentic.js';
import { codec, decay, task } from '../../host/contract/contract.gen.js';
import { sha256 } from '../../host/contract/hash.js';
import type { NodeKeys } from '../../host/federated/node-keys.js';
import type { PlanSettings } from '../../host/federated/plan.js';
import { buildDescriptor } from '../../host/model/descriptor.js';
import { harModel } from '../accuracy/targets/models.js';

const encoder = new TextEncoder();

export interface WireModel {
  readonly name: string;
  readonly descriptor: Uint8Array;
  readonly codec: number;
  /** Nodes of a run, one upload each. */
  readonly nodes: number;
}

function perceptron(inputs: number, hidden: number): Uint8Array {
  return buildDescriptor({
    input: { width: inputs, channels: 1, exponent: -6 },
    layers: [
      { op: 'dense', outputs: hidden, activation: 'relu' },
      { op: 'dense', outputs: 10 },
    ],
    loss: 'softmax-cross-entropy',
  });
}

export const wireModels: readonly WireModel[] = [
  // In five bits a word its upload has 600 bytes, the size of the target.
  { name: '1k', descriptor: buildDescriptor(harModel), codec: codec.DENSE_5, nodes: 6000 },
  { name: '10k', descriptor: perceptron(100, 90), codec: codec.DENSE_3, nodes: 2000 },
  { name: '50k', descriptor: perceptron(400, 122), codec: codec.DENSE_3, nodes: 500 },
];

/** The only federation of a run. */
export const federation = 'bench';

export function nodeName(index: number): string {
  return `node-${index}`;
}

/** Keys of all nodes, by their names. */
export function benchKeys(nodes: number): NodeKeys {
  const keys = new Map(
    Array.from({ length: nodes }, (_, index) => {
      const name = nodeName(index);
      return [name, federationKey(sha256(encoder.encode(name)), federation, name)];
    }),
  );
  return { nodes: () => [...keys.keys()], find: (node) => keys.get(node) };
}

export function planOf(codecId: number): PlanSettings {
  return {
    task: task.TRAIN,
    seed: 1,
    lrShift: 6,
    lrSchedule: 'constant',
    lrDecay: decay.CONSTANT,
    epochs: 1,
    samples: 0,
    skipThreshold: 0,
    weightUnit: 10,
    codec: codecId,
  };
}
