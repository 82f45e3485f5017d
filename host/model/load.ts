import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { constant } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { buildDescriptor, type ModelSpec } from './descriptor.js';

const size = z.int().min(1).max(65535);

/** A model as a user writes it: input, layers, loss. Keys nobody knows are refused. */
const yamlModel = z.strictObject({
  input: z.strictObject({
    height: size.optional(),
    width: size,
    channels: size.optional(),
    exponent: z.int().min(-constant.MAX_EXPONENT).max(constant.MAX_EXPONENT),
    unit: z.string().max(4).optional(),
    microUnitsPerLsb: z.int().min(0).max(0xffffffff).optional(),
  }),
  layers: z
    .array(z.strictObject({ dense: size, activation: z.enum(['relu', 'none']).optional() }))
    .min(1)
    .max(constant.MAX_RECORDS - 2),
  loss: z.literal('softmax-cross-entropy'),
});

function isDescriptor(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length >= 4 && view.getUint32(0, true) === constant.DESCRIPTOR_MAGIC;
}

function fail(path: string, cause: string, source?: unknown): never {
  throw new LinnetError('ERR_CONFIG', `${path}: ${cause}`, {
    remedy: 'write input, layers and loss as in docs/FIRST-MODEL.md',
    source,
  });
}

function parseYamlModel(path: string, text: string): ModelSpec {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    return fail(path, `not YAML (${(error as Error).message.split('\n')[0]})`, error);
  }
  const result = yamlModel.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    return fail(path, `${issue.path.join('.') || 'the file'}: ${issue.message}`);
  }
  const layers = result.data.layers.map(({ dense, activation }) => ({
    op: 'dense' as const,
    outputs: dense,
    ...(activation && { activation }),
  }));
  return { ...result.data, layers } as ModelSpec;
}

/** Descriptor bytes of a file that holds a descriptor or a YAML description of a model. */
export function loadModel(path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new LinnetError('ERR_CONFIG', `${path}: cannot be read`, {
      remedy: 'name a descriptor or a YAML description that exists',
      source: error,
    });
  }
  if (isDescriptor(bytes)) return bytes;
  return buildDescriptor(parseYamlModel(path, new TextDecoder().decode(bytes)));
}
