import { describe, expect, it } from 'vitest';
import { generateFiles, readOrEmpty } from '../../host/contract/generate.js';
import { findRenumbering, lockOfSchema } from '../../host/contract/lock.js';

describe('generated files', () => {
  for (const [path, text] of generateFiles(readOrEmpty)) {
    it(`${path} is what the schema gives`, () => {
      expect(readOrEmpty(path) === text, 'run `npm run gen`').toBe(true);
    });
  }
});

describe('the lock', () => {
  const released = lockOfSchema();

  it('accepts additions', () => {
    expect(findRenumbering(released, { ...released, 'status.ERR_NEW': -4000 })).toBeUndefined();
  });

  it('refuses a changed number', () => {
    expect(findRenumbering(released, { ...released, 'status.ERR_SHAPE': -4000 })).toMatch(
      /ERR_SHAPE was released as -5/,
    );
  });

  it('refuses a removed name', () => {
    const { 'message.PING': _gone, ...rest } = released;
    expect(findRenumbering(released, rest)).toMatch(/message\.PING .* gone/);
  });

  it('refuses a number used twice', () => {
    expect(findRenumbering({}, { 'RECEIPT.ACCEPTED': 0, 'RECEIPT.OTHER': 0 })).toMatch(
      /share the number 0/,
    );
  });

  it('refuses a changed message layout', () => {
    expect(findRenumbering(released, { ...released, 'message.PING.request': 'u16 token' })).toMatch(
      /PING\.request/,
    );
  });
});
