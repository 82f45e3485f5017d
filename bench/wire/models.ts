/** Models of 1 k, 10 k and 50 k parameters, and how their uploads are coded. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { federationKey } from '../../host/contract/authentic.js';
import { codec, decay, task } from '../../host/contract/contract.gen.js';
import { sha256, toHex } from '../../host/contract/hash.js';
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

export const [smallModel] = wireModels;

/** Of many bytes that take little time: what is kept of its uploads shows. */
export const heavyModel = { descriptor: perceptron(100, 45), codec: codec.RAW_INT16 };

/** The only federation of a run. */
export const federation = 'bench';

export function nodeName(index: number): string {
  return `node-${index}`;
}

function nodeKey(name: string): Uint8Array {
  return sha256(encoder.encode(name));
}

/** The folder of keys that an aggregator is given. */
export function writeKeys(folder: string, nodes: number): void {
  mkdirSync(folder);
  for (let index = 0; index < nodes; index++) {
    const name = nodeName(index);
    writeFileSync(join(folder, `${name}.key`), `${toHex(nodeKey(name))}\n`);
  }
}

/** The key of a node in the federation. */
export function benchKey(name: string): Uint8Array {
  return federationKey(nodeKey(name), federation, name);
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
