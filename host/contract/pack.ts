import { LinnetError } from './error.js';
import type { Field } from './schema.js';
import { messages, records } from './schema.js';
import { constant } from './contract.gen.js';
import type * as contract from './contract.gen.js';

type Value = number | string | Uint8Array;
type Values = Readonly<Record<string, Value>>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

function fail(cause: string): never {
  throw new LinnetError('ERR_MESSAGE', cause);
}

const fixedBytes = {
  id: constant.ID_BYTES,
  hash: constant.HASH_BYTES,
  mac: constant.MAC_BYTES,
} as const;

function checkLength(name: string, value: Value, length: number): Uint8Array {
  if (value instanceof Uint8Array && value.length === length) return value;
  return fail(`${name} is not ${length} bytes`);
}

function encodeField(field: Field, value: Value): Uint8Array {
  switch (field.type) {
    case 'id':
    case 'hash':
    case 'mac':
      return checkLength(field.name, value, fixedBytes[field.type]);
    case 'bytes':
      return value as Uint8Array;
    case 'string8': {
      const text = encoder.encode(value as string);
      if (text.length > 255) fail(`${field.name} is longer than 255 bytes`);
      return Uint8Array.of(text.length, ...text);
    }
    case 'u8':
    case 'i8':
    case 'u16':
    case 'i16':
    case 'u32':
    case 'i32':
      return encodeInteger(field, value as number);
  }
}

const integerBytes = { u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4 } as const;

function encodeInteger(field: Field, value: number): Uint8Array {
  const type = field.type as keyof typeof integerBytes;
  const size = integerBytes[type];
  const span = 2 ** (8 * size);
  const least = type.startsWith('i') ? -span / 2 : 0;
  if (!Number.isInteger(value) || value < least || value >= least + span) {
    fail(`${field.name} = ${value} is not a ${type}`);
  }
  const out = new Uint8Array(size);
  for (let i = 0; i < size; i++) out[i] = Math.floor(value / 2 ** (8 * i)) & 0xff;
  return out;
}

/** Packs fields little-endian in schema order. Throws ERR_MESSAGE if a value is out of range. */
export function packFields(fields: readonly Field[], values: Values): Uint8Array {
  const parts = fields.map((field) => encodeField(field, values[field.name]));
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

class Cursor {
  private offset = 0;
  constructor(private readonly data: Uint8Array) {}

  take(length: number, name: string): Uint8Array {
    if (this.offset + length > this.data.length) fail(`the message ends before ${name}`);
    const part = this.data.slice(this.offset, this.offset + length);
    this.offset += length;
    return part;
  }

  takeRest(): Uint8Array {
    return this.take(this.data.length - this.offset, 'the end');
  }

  expectEnd(): void {
    if (this.offset !== this.data.length) fail(`${this.data.length - this.offset} bytes too many`);
  }
}

function decodeField(field: Field, cursor: Cursor): Value {
  switch (field.type) {
    case 'id':
    case 'hash':
    case 'mac':
      return cursor.take(fixedBytes[field.type], field.name);
    case 'bytes':
      return cursor.takeRest();
    case 'string8': {
      const text = cursor.take(cursor.take(1, field.name)[0], field.name);
      try {
        return decoder.decode(text);
      } catch {
        return fail(`${field.name} is not UTF-8`);
      }
    }
    case 'u8':
    case 'i8':
    case 'u16':
    case 'i16':
    case 'u32':
    case 'i32': {
      const size = integerBytes[field.type];
      const part = cursor.take(size, field.name);
      const raw = part.reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
      const signed = field.type.startsWith('i') && raw >= 2 ** (8 * size - 1);
      return signed ? raw - 2 ** (8 * size) : raw;
    }
  }
}

/** Reverse of packFields; copies. Throws ERR_MESSAGE on bytes missing or left over. */
export function unpackFields(fields: readonly Field[], data: Uint8Array): Record<string, Value> {
  const cursor = new Cursor(data);
  const values: Record<string, Value> = {};
  for (const field of fields) values[field.name] = decodeField(field, cursor);
  cursor.expectEnd();
  return values;
}

/** Bodies of messages by name; a response's status stands apart from its body. */
export interface RequestBodies {
  HELLO: contract.HelloRequest;
  ANNOUNCE: contract.AnnounceRequest;
  OBJECT: contract.ObjectRequest;
  SAMPLE: contract.SampleRequest;
  OFFER: contract.OfferRequest;
  UPLOAD: contract.UploadRequest;
  RECEIPT: contract.ReceiptRequest;
  PING: contract.PingRequest;
  STATUS: contract.StatusRequest;
  LOG: contract.LogRequest;
  RESET: contract.ResetRequest;
  FAULT: contract.FaultRequest;
}

export interface ResponseBodies {
  HELLO: contract.HelloResponse;
  ANNOUNCE: contract.AnnounceResponse;
  OBJECT: contract.ObjectResponse;
  SAMPLE: contract.SampleResponse;
  OFFER: contract.OfferResponse;
  UPLOAD: contract.UploadResponse;
  RECEIPT: contract.ReceiptResponse;
  PING: contract.PingResponse;
  STATUS: contract.StatusResponse;
  RESET: contract.ResetResponse;
  FAULT: contract.FaultResponse;
}

export type RequestName = keyof RequestBodies;
export type AnsweredName = keyof ResponseBodies;

const messageByName = new Map(messages.map((message) => [message.name, message]));
const statusField: Field = { name: 'status', type: 'i16', text: '' };

export function packRequest<N extends RequestName>(name: N, body: RequestBodies[N]): Uint8Array {
  return packFields(messageByName.get(name)!.request, body as unknown as Values);
}

export function unpackRequest<N extends RequestName>(name: N, data: Uint8Array): RequestBodies[N] {
  return unpackFields(messageByName.get(name)!.request, data) as unknown as RequestBodies[N];
}

/** A refusal (negative status) carries the status and nothing else. */
export function packResponse<N extends AnsweredName>(
  name: N,
  status: number,
  body?: ResponseBodies[N],
): Uint8Array {
  if (body === undefined) return packFields([statusField], { status });
  const fields = messageByName.get(name)!.response!;
  return packFields([statusField, ...fields], { status, ...(body as unknown as Values) });
}

export type Response<N extends AnsweredName> =
  | { readonly status: number; readonly body: ResponseBodies[N] }
  | { readonly status: number; readonly body: undefined };

/** A negative status comes without a body, whatever follows it. */
export function unpackResponse<N extends AnsweredName>(name: N, data: Uint8Array): Response<N> {
  const status = unpackFields([statusField], data.subarray(0, 2))['status'] as number;
  if (status < 0) return { status, body: undefined };
  const fields = messageByName.get(name)!.response!;
  const body = unpackFields(fields, data.subarray(2)) as unknown as ResponseBodies[N];
  return { status, body };
}

/** Payload of a descriptor record. */
export function packRecord(tag: string, values: Values): Uint8Array {
  return packFields(records.find((record) => record.tag === tag)!.fields, values);
}

export function unpackRecord(tag: string, data: Uint8Array): Record<string, Value> {
  return unpackFields(records.find((record) => record.tag === tag)!.fields, data);
}
