import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinnetError } from '../../host/contract/error.js';
import {
  packFields,
  packRequest,
  packResponse,
  unpackFields,
  unpackRequest,
  unpackResponse,
} from '../../host/contract/pack.js';
import type { Field } from '../../host/contract/schema.js';
import { messages } from '../../host/contract/schema.js';
import { codeOf, hostileBytes } from './hostile.js';

const valueOf: Record<Field['type'], fc.Arbitrary<number | string | Uint8Array>> = {
  u8: fc.nat({ max: 0xff }),
  i8: fc.integer({ min: -0x80, max: 0x7f }),
  u16: fc.nat({ max: 0xffff }),
  i16: fc.integer({ min: -0x8000, max: 0x7fff }),
  u32: fc.nat({ max: 0xffffffff }),
  i32: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  id: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  mac: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  string8: fc.string({ maxLength: 60 }),
  bytes: fc.uint8Array({ maxLength: 60 }),
};

function bodyOf(
  fields: readonly Field[],
): fc.Arbitrary<Record<string, number | string | Uint8Array>> {
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, valueOf[field.type]])));
}

describe('message bodies', () => {
  for (const message of messages) {
    for (const [kind, fields] of [
      ['request', message.request],
      ['response', message.response ?? []],
    ] as const) {
      it(`${message.name} ${kind} round-trips and refuses every truncation`, () => {
        fc.assert(
          fc.property(bodyOf(fields), (body) => {
            const packed = packFields(fields, body);
            expect(unpackFields(fields, packed)).toEqual(body);
            const endsOpen = fields.at(-1)?.type === 'bytes';
            for (let length = 0; !endsOpen && length < packed.length; length++) {
              expect(() => unpackFields(fields, packed.subarray(0, length))).toThrow(LinnetError);
            }
          }),
          { numRuns: 30 },
        );
      });
    }
  }

  it('are read from any bytes and any change, or refused', () => {
    for (const { request, response } of messages) {
      for (const fields of [request, response ?? []]) {
        const good = bodyOf(fields).map((body) => packFields(fields, body));
        fc.assert(
          fc.property(hostileBytes(good), (bytes) => {
            expect(['OK', 'ERR_MESSAGE']).toContain(codeOf(() => unpackFields(fields, bytes)));
          }),
        );
      }
    }
  });

  it('has the bytes the specification shows', () => {
    expect(
      packRequest('SAMPLE', { split: 1, index: 0x01020304, offset: 5, length: 0x1234 }),
    ).toEqual(Uint8Array.of(1, 4, 3, 2, 1, 5, 0, 0x34, 0x12));
    expect(packResponse('PING', 0, { token: 7 })).toEqual(Uint8Array.of(0, 0, 7, 0, 0, 0));
  });

  it('carries a refusal without a body', () => {
    const refusal = packResponse('OBJECT', -28);
    expect(refusal).toEqual(Uint8Array.of(0xe4, 0xff));
    expect(unpackResponse('OBJECT', refusal)).toEqual({ status: -28, body: undefined });
  });

  it('refuses values out of range and text that is not UTF-8', () => {
    expect(() => packRequest('PING', { token: 2 ** 32 })).toThrow(/token/);
    expect(() => packRequest('PING', { token: 0.5 })).toThrow(/token/);
    const hello = new Uint8Array(60);
    hello[56] = 1;
    hello[57] = 0xff;
    expect(() => unpackRequest('HELLO', hello)).toThrow(/node/);
  });
});
