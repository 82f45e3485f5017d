/** A trained model as an importer hands it over, before anything is quantised. */
import { LinnetError } from '../../contract/error.js';
import { buildDescriptor } from '../build.js';
import { checkLimits } from '../limits.js';
import { parseDescriptor } from '../parse.js';
import type { ModelInfo } from '../info.js';
import type { ModelSpec } from '../spec.js';

export interface FloatModel {
  /** Layers with explicit pads; flatten and relu are fused already. */
  readonly spec: ModelSpec;
  /** [P], numbered as the kernel's words, in the unit of the training framework. */
  readonly parameters: Float64Array;
}

/** Weights and biases of one layer, rows as SPEC 2.1 lays them out. */
export interface LayerParameters {
  readonly weights: Float64Array;
  /** Absent: an embedding, or zeros. */
  readonly biases?: Float64Array;
}

export function importError(cause: string, remedy: string, source?: unknown): LinnetError {
  return new LinnetError('ERR_MODEL', cause, { remedy, source });
}

/** Shapes and offsets of a spec; the exponents in it mean nothing yet. */
export function describeSpec(spec: ModelSpec): ModelInfo {
  const info = parseDescriptor(buildDescriptor(spec));
  checkLimits(info);
  return info;
}

/** Lays the parameters of each layer out as the kernel numbers them. */
export function collectParameters(
  spec: ModelSpec,
  perLayer: readonly LayerParameters[],
): FloatModel {
  const info = describeSpec(spec);
  const parameters = new Float64Array(info.parameters);
  for (const layer of info.layers) {
    if (layer.index < 0) continue;
    const { weights, biases } = perLayer[layer.index];
    if (weights.length !== layer.rows * layer.rowLength) {
      throw importError(
        `a ${layer.op} layer of ${layer.rows} × ${layer.rowLength} has ${weights.length} weights`,
        'export the model again',
      );
    }
    if (!weights.every(Number.isFinite) || !(biases?.every(Number.isFinite) ?? true)) {
      throw importError(
        `the ${layer.op} layer ${layer.index} has weights that are no numbers`,
        'train the model again: it diverged',
      );
    }
    parameters.set(weights, layer.weightOffset);
    if (biases) parameters.set(biases, layer.biasOffset);
  }
  return { spec, parameters };
}
