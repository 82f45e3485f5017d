/** Keys of simulated nodes: they follow from the seed, so that a run is a pure function of it, and protect nothing. */
import { federationKey } from '../contract/authentic.js';
import { noMac, sha256 } from '../contract/hash.js';
import { constant } from '../contract/contract.gen.js';
import { encodeWire } from '../contract/wire.js';
import type { NodeKeys } from '../federated/node-keys.js';
import { nodeName, nodeNumber } from './fleet.js';

/** What a node has, KEY_BYTES. */
export function nodeKeyOfSeed(seed: number, node: string): Uint8Array {
  return sha256(new TextEncoder().encode(`linnet-sim ${seed} ${node}`));
}

/** MQTT payload that comes to a node with every announcement, bytes. */
export const authorisationBytes = encodeWire('Authorisation', {
  announcement: new Uint8Array(constant.ID_BYTES),
  mac: noMac,
}).length;

/** All nodes have one. */
export class SimulatedKeys implements NodeKeys {
  readonly areFixed = true;
  readonly #names: readonly string[];
  readonly #known: (Uint8Array | undefined)[] = [];

  constructor(
    private readonly seed: number,
    nodes: number,
    private readonly federation: string,
  ) {
    this.#names = Array.from({ length: nodes }, (_, node) => nodeName(node));
  }

  nodes(): readonly string[] {
    return this.#names;
  }

  find(name: string): Uint8Array | undefined {
    const node = nodeNumber(name);
    if (!(node >= 0 && node < this.#names.length)) return undefined;
    this.#known[node] ??= federationKey(nodeKeyOfSeed(this.seed, name), this.federation, name);
    return this.#known[node];
  }
}
