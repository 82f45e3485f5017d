/** A model as text: input, layers, loss. Keys and layers nobody knows are refused with what to write instead. */
import { parse } from 'yaml';
import { z } from 'zod';
import { constant } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { adviseLayer, adviseWord } from './advice.js';
import { losses, type LayerSpec, type ModelSpec } from './spec.js';

const size = z.int().min(1).max(65535);
const small = z.int().min(1).max(255);
const pad = z.int().min(0).max(254);
const extent = z.union([small, z.tuple([small, small])], {
  error: 'write one number, or [rows, columns], each 1 to 255',
});
const padding1d = z.union([z.enum(['same', 'valid']), pad, z.tuple([pad, pad])], {
  error: 'write same, valid, a number of zeros, or [before, behind]',
});
const padding2d = z.union(
  [
    z.enum(['same', 'valid']),
    pad,
    z.strictObject({ top: pad, left: pad, bottom: pad, right: pad }),
  ],
  { error: 'write same, valid, a number of zeros, or { top, left, bottom, right }' },
);
const activation = z.enum(['relu', 'none']).optional();

/** Schema of every layer that has values; the key of the layer's own name comes first. */
const layerSchemas = {
  dense: z.strictObject({ dense: size, activation }),
  conv1d: z.strictObject({
    conv1d: size,
    kernel: small,
    stride: small.optional(),
    padding: padding1d.optional(),
    activation,
  }),
  conv2d: z.strictObject({
    conv2d: size,
    kernel: extent,
    stride: extent.optional(),
    padding: padding2d.optional(),
    activation,
  }),
  depthwise1d: z.strictObject({
    depthwise1d: small,
    stride: small.optional(),
    padding: padding1d.optional(),
    activation,
  }),
  depthwise2d: z.strictObject({
    depthwise2d: extent,
    stride: extent.optional(),
    padding: padding2d.optional(),
    activation,
  }),
  maxPool1d: z.strictObject({ maxPool1d: small, stride: small.optional() }),
  maxPool2d: z.strictObject({ maxPool2d: extent, stride: extent.optional() }),
  averagePool1d: z.strictObject({ averagePool1d: small, stride: small.optional() }),
  averagePool2d: z.strictObject({ averagePool2d: extent, stride: extent.optional() }),
  embedding: z.strictObject({
    embedding: z.int().min(2).max(constant.MAX_VOCABULARY),
    channels: size,
  }),
} as const;

/** What the value under a layer's own name is called in a LayerSpec. */
const valueNames = {
  dense: 'outputs',
  conv1d: 'filters',
  conv2d: 'filters',
  depthwise1d: 'kernel',
  depthwise2d: 'kernel',
  maxPool1d: 'size',
  maxPool2d: 'size',
  averagePool1d: 'size',
  averagePool2d: 'size',
  embedding: 'vocabulary',
} as const;

type LayerName = keyof typeof layerSchemas;
const words = ['globalAveragePool', 'flatten', 'relu'] as const;
export const layerNames: readonly string[] = [...Object.keys(layerSchemas), ...words];
const layerKeys = ['kernel', 'stride', 'padding', 'activation', 'channels'];

const modelSchema = z.strictObject({
  input: z.strictObject({
    height: size.optional(),
    width: size,
    channels: size.optional(),
    exponent: z.int().min(-constant.MAX_EXPONENT).max(constant.MAX_EXPONENT),
    unit: z.string().max(4).optional(),
    microUnitsPerLsb: z.int().min(0).max(0xffffffff).optional(),
  }),
  layers: z
    .array(z.unknown())
    .min(1)
    .max(2 * constant.MAX_RECORDS),
  loss: z.enum(losses, {
    error: 'write softmax-cross-entropy to tell classes apart, squared-error for an autoencoder',
  }),
});

const formHint = 'write input, layers and loss as in docs/MODELS.md';

function fail(at: string, cause: string, remedy = formHint, source?: unknown): never {
  throw new LinnetError('ERR_CONFIG', `${at}: ${cause}`, { remedy, source });
}

/** Turns the first complaint of a schema into an error with path and hint. */
function failIssue(at: string, error: z.ZodError, known: readonly string[]): never {
  // A misspelt key is also a missing one: the misspelling says more.
  const issue = error.issues.find(({ code }) => code === 'unrecognized_keys') ?? error.issues[0];
  const path = [at, ...issue.path].join('.').replace(/^\./, '');
  if (issue.code !== 'unrecognized_keys') return fail(path || 'the file', issue.message);
  const key = issue.keys[0];
  const remedy = adviseWord(key, known, `the keys here are ${known.join(', ')}`);
  return fail(path || 'the file', `unknown key ${key}`, remedy);
}

function failUnknownLayer(at: string, name: string): never {
  const all = `the layers are ${layerNames.join(', ')}`;
  const remedy = adviseLayer(name) ?? adviseWord(name, layerNames, all);
  return fail(at, `there is no layer ${name}`, remedy);
}

/** A layer is a word, or an object whose one key that is no option of a layer is its name. */
function layerName(at: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fail(at, 'this is not a layer', 'write for instance { dense: 32, activation: relu }');
  }
  const keys = Object.keys(value);
  const names = keys.filter((key) => layerNames.includes(key));
  if (names.length > 1) {
    return fail(at, `${names.join(' and ')} in one layer`, 'begin each layer with its own dash');
  }
  const name = names[0] ?? keys.find((key) => !layerKeys.includes(key));
  return name ?? fail(at, 'the layer has no name', `the layers are ${layerNames.join(', ')}`);
}

function parseLayer(value: unknown, index: number): LayerSpec {
  const at = `layers.${index}`;
  const name = layerName(at, value);
  const word = words.find((word) => word === name);
  if (word !== undefined) {
    const bare = typeof value === 'string' || Object.keys(value as object).length === 1;
    return bare ? { op: word } : fail(at, `${word} has no options`, `write: - ${word}`);
  }
  if (!(name in layerSchemas)) return failUnknownLayer(at, name);
  const op = name as LayerName;
  if (typeof value === 'string') {
    return fail(at, `${op} needs a value`, `write for instance { ${op}: 8 }`);
  }
  const schema = layerSchemas[op];
  const result = schema.safeParse(value);
  if (!result.success) return failIssue(at, result.error, Object.keys(schema.shape));
  const { [op]: own, ...options } = result.data as Record<string, unknown>;
  return { op, [valueNames[op]]: own, ...options } as unknown as LayerSpec;
}

/** A model from its text. Throws ERR_CONFIG with the path of the mistake and the remedy. */
export function parseModelYaml(text: string): ModelSpec {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    const line = (error as Error).message.split('\n')[0];
    return fail('the file', `not YAML (${line})`, formHint, error);
  }
  const result = modelSchema.safeParse(value);
  if (!result.success) {
    const inInput = result.error.issues[0].path[0] === 'input';
    const { shape } = modelSchema;
    return failIssue('', result.error, Object.keys(inInput ? shape.input.shape : shape));
  }
  const { input, layers, loss } = result.data;
  return { input, layers: layers.map(parseLayer), loss } as ModelSpec;
}
