/**
 * MQTT payloads: deterministic CBOR (RFC 8949, section 4.2.1) with integer keys, driven by the
 * tables of the schema. Decoding is strict: shortest forms, sorted keys, no duplicates, no rest.
 */
import {
  decode,
  encode,
  rfc8949EncodeOptions,
  Tokenizer,
  Type,
  type DecodeOptions,
  type Token,
} from 'cborg';
import { constant } from './contract.gen.js';
import type { WireMaps } from './contract.gen.js';
import { LinnetError } from './error.js';
import type { WireKey, WireMap, WireType } from './schema.js';
import { wireMaps } from './schema.js';

const mapByName = new Map(wireMaps.map((map) => [map.name, map]));
const keysOf = new Map(
  wireMaps.map((map) => [map, new Map<unknown, WireKey>(map.keys.map((key) => [key.key, key]))]),
);

const decodeOptions: DecodeOptions = {
  useMaps: true,
  strict: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
};

function fail(cause: string): never {
  throw new LinnetError('ERR_CBOR', cause);
}

function toWire(type: WireType, value: unknown): unknown {
  if (typeof type !== 'object') return value;
  if ('map' in type) return mapToWire(mapByName.get(type.map)!, value as Record<string, unknown>);
  const element = mapByName.get(type.list)!;
  return (value as Record<string, unknown>[]).map((entry) => mapToWire(element, entry));
}

function mapToWire(map: WireMap, value: Record<string, unknown>): Map<number, unknown> {
  const out = new Map<number, unknown>();
  for (const key of map.keys) {
    const entry = value[key.name];
    if (entry !== undefined) out.set(key.key, toWire(key.type, entry));
    else if (!key.optional) fail(`${map.name}.${key.name} is missing`);
  }
  return out;
}

const isUint = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isBytes = (value: unknown, length?: number): boolean =>
  value instanceof Uint8Array && (length === undefined || value.length === length);

const fits: Readonly<Record<Extract<WireType, string>, (value: unknown) => boolean>> = {
  uint: isUint,
  bytes: (value) => isBytes(value),
  id: (value) => isBytes(value, constant.ID_BYTES),
  hash: (value) => isBytes(value, constant.HASH_BYTES),
  mac: (value) => isBytes(value, constant.MAC_BYTES),
  text: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  uints: (value) => Array.isArray(value) && value.every(isUint),
};

function fromWire(key: WireKey, value: unknown, within: string): unknown {
  const { type } = key;
  // The many need no name of theirs.
  if (typeof type === 'string' && fits[type](value)) return value;
  const where = `${within}.${key.name}`;
  if (typeof type === 'string') return fail(`${where} is not of type ${type}`);
  if ('map' in type) return mapFromWire(mapByName.get(type.map)!, value, where);
  if (!Array.isArray(value) || value.length === 0) return fail(`${where} is not a list`);
  const element = mapByName.get(type.list)!;
  return value.map((entry, i) => mapFromWire(element, entry, `${where}[${i}]`));
}

function mapFromWire(map: WireMap, value: unknown, where: string): Record<string, unknown> {
  if (!(value instanceof Map)) fail(`${where} is not a map`);
  const entries = value as Map<unknown, unknown>;
  const known = keysOf.get(map)!;
  const out: Record<string, unknown> = {};
  for (const [key, entry] of entries) {
    if (!isUint(key)) fail(`${where} has a key that is not an unsigned integer`);
    const found = known.get(key);
    if (found !== undefined) out[found.name] = fromWire(found, entry, where);
    else if (map.closed) {
      throw new LinnetError('ERR_UNSUPPORTED', `${where} has the unknown key ${key}`);
    }
  }
  for (const key of map.keys) {
    if (!key.optional && out[key.name] === undefined) fail(`${where}.${key.name} is missing`);
  }
  return out;
}

/** Deterministic CBOR of one payload. Throws ERR_CBOR if a required key is missing. */
export function encodeWire<N extends keyof WireMaps>(name: N, value: WireMaps[N]): Uint8Array {
  const map = mapToWire(mapByName.get(name)!, value as unknown as Record<string, unknown>);
  return new Uint8Array(encode(map, rfc8949EncodeOptions));
}

/** A bit for the major type of each: unsigned integers, bytes, arrays, maps. */
const plainMajors = [Type.uint, Type.bytes, Type.array, Type.map].reduce(
  (bits, { major }) => bits | (1 << major),
  0,
);

/** Sees whether there is nothing but what has one shortest form, which strict decoding demands of it. */
class PlainTokenizer extends Tokenizer {
  isPlain = true;

  override next(): Token {
    const token = super.next();
    if (((plainMajors >> token.type.major) & 1) === 0) this.isPlain = false;
    return token;
  }
}

/** Whether the keys of all maps are numbers and ascend. */
function isOrdered(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isOrdered);
  if (!(value instanceof Map)) return true;
  let last = -1;
  for (const [key, entry] of value as Map<unknown, unknown>) {
    if (!(typeof key === 'number' && key > last) || !isOrdered(entry)) return false;
    last = key;
  }
  return true;
}

/** The value of deterministic CBOR; undefined if it is another encoding of it. Throws what is no CBOR. */
function decodeCanonical(data: Uint8Array): unknown {
  const bytes = Buffer.isBuffer(data) ? new Uint8Array(data) : data;
  const tokenizer = new PlainTokenizer(bytes, decodeOptions);
  const value: unknown = decode(bytes, { ...decodeOptions, tokenizer });
  // Encoding it again is a proof for everything, and takes longer than all the rest.
  const isCanonical =
    (tokenizer.isPlain && isOrdered(value)) ||
    Buffer.compare(encode(value, rfc8949EncodeOptions), bytes) === 0;
  return isCanonical ? value : undefined;
}

/**
 * Decodes and checks one payload. Throws ERR_CBOR with the path of what is wrong, or
 * ERR_UNSUPPORTED for an unknown key where keys must be understood (the plan).
 */
export function decodeWire<N extends keyof WireMaps>(name: N, data: Uint8Array): WireMaps[N] {
  let value: unknown;
  try {
    // Values in values by the thousand exhaust the stack, of the one or of the other.
    value = decodeCanonical(data);
  } catch (error) {
    throw new LinnetError('ERR_CBOR', `${name} is not CBOR`, { source: error });
  }
  if (value === undefined) fail(`${name} is not deterministically encoded`);
  return mapFromWire(mapByName.get(name)!, value, name) as unknown as WireMaps[N];
}
