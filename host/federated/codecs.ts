/** Payloads (SPEC, section 9): those of uploads read, those of differences written, by the kernel of the nodes. */
import { codec, type Plan } from '../contract/contract.gen.js';
import { nodeKeyOf } from '../contract/hash.js';
import { evaluationSettings, Kernel } from '../kernel/kernel.js';
import { loadKernelBytes } from '../kernel/load.js';
import { openV8EngineNow } from '../kernel/v8-engine.js';
import type { ModelInfo } from '../model/descriptor.js';

const codecs = new Set<number>(Object.values(codec));

/** Kernels that hold a model with some of its layers frozen; nothing but their plan outlasts a call. */
const kernels = new WeakMap<ModelInfo, Map<number, Kernel>>();

function kernelOf(model: ModelInfo, frozenLayers: number): Kernel {
  const known = kernels.get(model) ?? new Map<number, Kernel>();
  kernels.set(model, known);
  let kernel = known.get(frozenLayers);
  if (kernel === undefined) {
    kernel = new Kernel(openV8EngineNow(loadKernelBytes()));
    kernel.plan(model.descriptor, { frozenLayers });
    known.set(frozenLayers, kernel);
  }
  return kernel;
}

/** Layers that uploads under a plan say nothing of, as bits; their deltas are 0. */
export function silentLayers({ frozenLayers = 0, personalLayers = 0 }: Plan): number {
  return (frozenLayers | personalLayers) >>> 0;
}

export function isCodec(id: number): boolean {
  return codecs.has(id);
}

/**
 * The delta [P] in ±DELTA_LIMIT; `silent` are the layers without segments, as bits. It is 0 where a coded payload says nothing; undefined if it is no payload of this codec. It may
 * lie in `target` [P].
 */
export function decodePayload(
  model: ModelInfo,
  silent: number,
  id: number,
  payload: Uint8Array,
  target?: Int16Array,
): Int16Array | undefined {
  if (id !== codec.NONE) return kernelOf(model, silent).decodeDelta(id, payload, target);
  return payload.length === 0 ? new Int16Array(model.parameters) : undefined;
}

/** Differences are rounded with the node key of the empty name, which no node has. */
const nobodysKey = nodeKeyOf('');

/** The payload of target − base, int16 [P] each; `version` is that of the base. */
export function codeDifference(
  model: ModelInfo,
  step: {
    readonly seed: number;
    readonly version: number;
    readonly frozenLayers: number;
    /** Of SPARSE_TERNARY. */
    readonly density: number;
  },
  id: number,
  base: Int16Array,
  target: Int16Array,
): Uint8Array {
  const kernel = kernelOf(model, step.frozenLayers);
  kernel.loadParameters(target);
  kernel.begin({
    ...evaluationSettings,
    federationSeed: step.seed,
    baseVersion: step.version,
    nodeKey: nobodysKey,
  });
  return kernel.encodeDelta(id, base, { density: step.density });
}
