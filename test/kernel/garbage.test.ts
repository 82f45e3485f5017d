import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { blockWord, constant, status } from '../../host/contract/contract.gen.js';
import { kernelExports } from '../../host/contract/schema.js';
import type { KernelFunction } from '../../host/kernel/engine.js';
import { readDescriptor } from '../oracle/descriptor.js';
import { generousMemoryBytes } from '../oracle/memory.js';
import { assemble, denseChain } from '../vectors/descriptor.js';
import { call, ready } from '../vectors/groups/common.js';
import type { BlockWord } from '../vectors/script.js';
import { descriptor } from './arbitraries.js';
import { Driver } from './driver.js';
import { expectPattern, fillPattern, growMemory, planWithin } from './memory.js';

/**
 * Nonsense gets a status: no descriptor, argument or block content may trap the kernel or make it
 * write past the memory it was given.
 */

/** What the kernel may use here; the rest of the watched memory holds a pattern. */
const allowedBytes = 2 * 65536;

let driver: Driver;
beforeAll(async () => {
  driver = await Driver.open();
  growMemory(driver);
  fillPattern(driver, allowedBytes);
});

/** The kernel must name a rule that is broken, or accept what breaks none and fits. */
function expectRightStatus(bytes: Uint8Array): void {
  const result = planWithin(driver, bytes, allowedBytes);
  expectPattern(driver, allowedBytes);
  const { model, violations } = readDescriptor(bytes);
  if (violations.size > 0) {
    const allowed = [...violations].map((name) => status[name] as number);
    expect(allowed).toContain(result);
  } else if (generousMemoryBytes(model) <= allowedBytes) {
    expect(result).toBe(status.OK);
  } else {
    expect([status.OK, status.ERR_MEMORY]).toContain(result);
  }
}

const u16 = fc.oneof(
  fc.constantFrom(0, 1, 2, 63, 64, 255, 256, 4095, 16384, 32768, 32769, 65535),
  fc.nat(0xffff),
);

type Mutation = (bytes: Uint8Array) => Uint8Array;

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(200), fc.nat(255)).map(
    ([at, value]): Mutation =>
      (bytes) =>
        bytes.map((byte, i) => (i === at % bytes.length ? value : byte)),
  ),
  fc.tuple(fc.nat(100), u16).map(([at, value]): Mutation => (bytes) => {
    const changed = bytes.slice();
    if (changed.length >= 2) {
      new DataView(changed.buffer).setUint16(2 * (at % (changed.length >> 1)), value, true);
    }
    return changed;
  }),
  fc.nat(200).map(
    (length): Mutation =>
      (bytes) =>
        bytes.slice(0, length),
  ),
  fc.uint8Array({ maxLength: 40 }).map(
    (tail): Mutation =>
      (bytes) =>
        Uint8Array.from([...bytes, ...tail]),
  ),
);

/** Payloads of a descriptor's records, as raw records. */
function recordsOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const records: Uint8Array[] = [];
  for (let at: number = constant.DESCRIPTOR_HEADER_BYTES; at < bytes.length;) {
    const end = at + constant.RECORD_HEADER_BYTES + view.getUint16(at + 2, true);
    records.push(bytes.slice(at, end));
    at = end;
  }
  return records;
}

describe('descriptors', () => {
  it('that are random bytes are refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), expectRightStatus), { numRuns: 300 });
  });

  it('with random records in a good frame are refused or valid', () => {
    const record = fc
      .tuple(fc.constantFrom(1, 16, 64, 17, 0, 65535), fc.constantFrom(16, 12, 4, 5, 0))
      .chain(([tag, length]) =>
        fc
          .array(u16, { minLength: 8, maxLength: 8 })
          .map((words) => recordOf(tag, new Uint8Array(Uint16Array.from(words).buffer, 0, length))),
      );
    const property = fc.property(fc.array(record, { maxLength: 70 }), (records) => {
      expectRightStatus(assemble(records));
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('with a few wrong bytes get the status of a rule they break', () => {
    const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });
    const property = fc.property(descriptor, mutations, (bytes, edits) => {
      expectRightStatus(edits.reduce((current, edit) => edit(current), bytes));
    });
    fc.assert(property, { numRuns: 1500 });
  });

  it('with records left out, doubled or moved get the status of a rule they break', () => {
    const property = fc.property(
      descriptor,
      fc.array(fc.nat(), { maxLength: 8 }),
      (bytes, picks) => {
        const records = recordsOf(bytes);
        expectRightStatus(assemble(picks.map((pick) => records[pick % records.length])));
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it('at every truncation and with every single byte changed', () => {
    const valid = denseChain(6, 4, 3);
    for (let at = 0; at < valid.length; at++) {
      expectRightStatus(valid.slice(0, at));
      for (const value of [0, 1, 2, 24, 25, 64, 127, 128, 231, 232, 255]) {
        expectRightStatus(valid.map((byte, i) => (i === at ? value : byte)));
      }
    }
  });

  it('leave a kernel that works', () => {
    const script = [
      ...ready(denseChain(6, 4, 3), { kind: 'small' }),
      { do: 'train', x: { kind: 'uniform', seed: 1 }, label: 1 } as const,
      { do: 'hash' } as const,
      call('check'),
    ];
    expect(driver.compare(script)).toBeUndefined();
  });
});

function recordOf(tag: number, payload: Uint8Array): Uint8Array {
  return Uint8Array.from([tag & 255, tag >> 8, payload.length, 0, ...payload]);
}

describe('block contents and arguments', () => {
  const word = fc.constantFrom(
    ...(Object.keys(blockWord) as BlockWord[]).filter((name) => name !== 'memoryBytes'),
  );
  const value = fc.oneof(
    fc.constantFrom(0, 1, 4, 128, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff),
    fc.integer({ min: 0, max: 0xffffffff }),
  );
  const argument = fc.oneof(
    fc.integer({ min: -2, max: 300 }),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  );
  const action = fc.oneof(
    fc.record({ name: word, value }),
    fc.record({
      call: fc.constantFrom(...kernelExports.map(({ name }) => name as KernelFunction)),
      args: fc.array(argument, { minLength: 3, maxLength: 3 }),
    }),
  );

  it('never trap a planned kernel nor make it write past its memory', () => {
    const property = fc.property(
      descriptor,
      fc.array(action, { maxLength: 30 }),
      (bytes, actions) => {
        expect(planWithin(driver, bytes, allowedBytes)).toBe(status.OK);
        for (const entry of actions) {
          if ('name' in entry) driver.setWord(entry.name, entry.value);
          else driver.engine.call(entry.call, ...entry.args);
        }
        expectPattern(driver, allowedBytes);
        // the pointers that the host overwrote come back with a fresh kernel only
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});
