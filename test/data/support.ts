import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished } from 'vitest';
import { LinnetError } from '../../host/contract/error.js';
import { createDataset } from '../../host/data/dataset.js';
import type { Dataset, DatasetParts } from '../../host/data/dataset.js';

/** Expects ERR_DATA in one line that matches, with a remedy. */
export function expectDataError(action: () => unknown, message: RegExp): void {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(LinnetError);
  const error = thrown as LinnetError;
  expect(error.code).toBe('ERR_DATA');
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('\n');
  expect(error.remedy).not.toBe('');
}

/** A folder that is gone after the test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A dataset of one-value samples (value = index), one per label; everything else can be set. */
export function makeDataset(labels: readonly number[], more: Partial<DatasetParts> = {}): Dataset {
  return createDataset({
    name: 'made',
    steps: 1,
    channels: 1,
    classNames: ['A', 'B', 'C'],
    x: Int8Array.from(labels.keys()),
    label: Uint8Array.from(labels),
    subject: new Uint16Array(labels.length),
    split: new Uint8Array(labels.length),
    extra: new Uint16Array(0),
    extraCount: 0,
    ...more,
  });
}

/** Datasets of any small shape, with arbitrary values, subjects, splits and extras. */
export function arbitraryDataset(): fc.Arbitrary<Dataset> {
  const shape = fc.record({
    count: fc.integer({ min: 1, max: 12 }),
    steps: fc.integer({ min: 1, max: 5 }),
    channels: fc.integer({ min: 1, max: 4 }),
    classes: fc.integer({ min: 1, max: 4 }),
    extraCount: fc.integer({ min: 0, max: 3 }),
  });
  return shape.chain(({ count, steps, channels, classes, extraCount }) => {
    const exactly = (length: number) => ({ minLength: length, maxLength: length });
    return fc
      .record({
        x: fc.int8Array(exactly(count * steps * channels)),
        label: fc.uint8Array({ ...exactly(count), max: classes - 1 }),
        subject: fc.uint16Array(exactly(count)),
        split: fc.uint8Array({ ...exactly(count), max: 1 }),
        extra: fc.uint16Array(exactly(count * extraCount)),
      })
      .map((arrays) =>
        createDataset({
          name: 'arbitrary',
          steps,
          channels,
          classNames: ['zero', 'one', 'two', 'three'].slice(0, classes),
          extraCount,
          ...arrays,
        }),
      );
  });
}
