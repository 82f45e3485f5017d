import { readFileSync } from 'node:fs';
import { constant } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { buildDescriptor, describeRecorded, fuseWords } from './build.js';
import { checkLimits } from './limits.js';
import { parseDescriptor } from './parse.js';
import { located } from './prefix.js';
import type { ModelSpec } from './spec.js';
import { parseModelYaml } from './yaml.js';

/** A model file: its descriptor, and what its author wrote if it was a text. */
export interface LoadedModel {
  readonly descriptor: Uint8Array;
  readonly spec?: ModelSpec;
}

function isDescriptor(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length >= 4 && view.getUint32(0, true) === constant.DESCRIPTOR_MAGIC;
}

function readModelFile(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new LinnetError('ERR_CONFIG', `${path}: cannot be read`, {
      remedy: 'name a descriptor or a YAML description that exists',
      source: error,
    });
  }
}

/** Descriptor bytes of a spec; a model that breaks a limit is refused in words. */
export function buildChecked(spec: ModelSpec): Uint8Array {
  const descriptor = buildDescriptor(spec);
  const written = fuseWords(spec.layers);
  checkLimits(parseDescriptor(descriptor), (layer, place) =>
    describeRecorded(written[place], layer.inputShape),
  );
  return descriptor;
}

/** Reads a file that holds a descriptor or a YAML description of a model. */
export function loadModelFile(path: string): LoadedModel {
  const bytes = readModelFile(path);
  if (isDescriptor(bytes)) return { descriptor: bytes };
  return located(
    () => path,
    () => {
      const spec = parseModelYaml(new TextDecoder().decode(bytes));
      return { descriptor: buildChecked(spec), spec };
    },
  );
}

/** Descriptor bytes of a file that holds a descriptor or a YAML description of a model. */
export function loadModel(path: string): Uint8Array {
  return loadModelFile(path).descriptor;
}
