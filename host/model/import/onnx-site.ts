/** What an ONNX operator is given: its constants, its attributes and the chain so far. */
import { importError } from './float-model.js';
import type { Chain } from './onnx-chain.js';
import type { Constants } from './onnx-constants.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from './onnx-proto.js';

/** What an operator works on. */
export interface Site {
  chain: Chain;
  readonly node: OnnxNode;
  readonly constants: Constants;
  /** Which input of the node is the value the chain made. */
  readonly place: number;
}

export const reexport = 'export the model again with constant weights';

export function constantInput({ node, constants }: Site, place: number, what: string): OnnxTensor {
  const value = constants.find(node.inputs[place] ?? '');
  if (value) return value;
  throw importError(`its ${what} is computed by the graph`, reexport);
}

export function optionalInput(site: Site, place: number): OnnxTensor | undefined {
  return site.node.inputs[place] ? constantInput(site, place, `input ${place}`) : undefined;
}

export function attribute<K extends keyof OnnxAttribute>(
  { node }: Site,
  name: string,
  kind: K,
  fallback: OnnxAttribute[K],
): OnnxAttribute[K] {
  return node.attributes.get(name)?.[kind] ?? fallback;
}
