import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MASTER_MAX,
  MASTER_MIN,
  masterOf,
  packMaster,
  packMoments,
  publishedWords,
  unpackMaster,
  unpackMoments,
} from '../../host/federated/master.js';

const PARAMETERS = 5;
const words = fc
  .array(fc.integer({ min: -32768, max: 32767 }), { minLength: PARAMETERS, maxLength: PARAMETERS })
  .map((list) => Int16Array.from(list));
const master = fc
  .array(fc.integer({ min: MASTER_MIN, max: MASTER_MAX }), {
    minLength: PARAMETERS,
    maxLength: PARAMETERS,
  })
  .map((list) => Int32Array.from(list));
const moment = fc
  .array(fc.maxSafeInteger(), { minLength: PARAMETERS, maxLength: PARAMETERS })
  .map((list) => Float64Array.from(list, (value) => value + 0));

describe('master', () => {
  it('begins as the words and comes back from its bytes', () => {
    fc.assert(
      fc.property(words, master, (some, values) => {
        expect(publishedWords(masterOf(some))).toEqual(some);
        expect(unpackMaster(packMaster(values), PARAMETERS)).toEqual(values);
      }),
    );
    expect([...masterOf(Int16Array.of(-32768, 32767))]).toEqual([MASTER_MIN, MASTER_MAX]);
  });

  it('keeps moments, as many as there are', () => {
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 2 }), (moments) => {
        expect(unpackMoments(packMoments(moments), PARAMETERS)).toEqual(moments);
      }),
    );
    expect(() => unpackMoments(new Uint8Array(12), 1)).toThrow(
      expect.objectContaining({ code: 'ERR_STORE' }),
    );
  });

  it('refuses bytes of another model', () => {
    expect(() => unpackMaster(new Uint8Array(12), 4)).toThrow(
      expect.objectContaining({ code: 'ERR_STORE' }),
    );
  });
});
