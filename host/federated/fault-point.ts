/**
 * Named places between the steps of the aggregator where a crash could lose or repeat something.
 * Tests stop the process there; in production the hook does nothing.
 */
export const faultPointNames = [
  'before-commit',
  'after-commit',
  'before-receipt',
  'after-receipt',
  'before-object-rename',
  'after-snapshot-file',
  'after-difference-file',
  'before-version-commit',
  'after-version-commit',
  'between-slices',
  'between-objects-and-announcement',
  'after-announcement',
  'before-clear',
  'after-clear',
] as const;

export type FaultPointName = (typeof faultPointNames)[number];

export type FaultPoint = (name: FaultPointName) => void;

export const noFaults: FaultPoint = () => undefined;
