import { expect } from 'vitest';
import { status } from '../../host/contract/contract.gen.js';
import { toHex } from '../../host/contract/hash.js';
import { denseChain } from '../vectors/descriptor.js';
import { plan } from '../vectors/groups/common.js';
import type { Driver } from './driver.js';

/** Linear memory that tests watch: four pages. */
export const watchedBytes = 4 * 65536;

/** Makes the kernel grow its memory to at least watchedBytes, so that all of it can be watched. */
export function growMemory(driver: Driver): void {
  expect(driver.run([plan(denseChain(400, 400, 2))])).toEqual([status.OK]);
  driver.engine.readBytes(watchedBytes - 1, 1);
}

/** Plans with a limit of its own; the status. */
export function planWithin(driver: Driver, descriptor: Uint8Array, memoryBytes: number): number {
  const [result] = driver.run([{ do: 'plan', descriptor: toHex(descriptor), memoryBytes }]);
  return result as number;
}

const pattern = Uint8Array.from({ length: watchedBytes }, (_, i) => (i * 167 + 13) & 0xff);

/** Fills the watched memory from `start` on. */
export function fillPattern(driver: Driver, start: number): void {
  driver.engine.writeBytes(start, pattern.subarray(start));
}

/** Nothing has written to the watched memory from `start` on. */
export function expectPattern(driver: Driver, start: number): void {
  const found = driver.engine.readBytes(start, watchedBytes - start);
  if (Buffer.compare(found, pattern.subarray(start)) === 0) return;
  const at = start + found.findIndex((byte, i) => byte !== pattern[start + i]);
  expect.fail(`the kernel wrote to byte ${at}, past ${start}`);
}
