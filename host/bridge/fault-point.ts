/** Named places of the outbox where a crash could lose or repeat an upload; tests stop the process there. */
export const bridgeFaultPointNames = [
  'before-write',
  'before-rename',
  'after-rename',
  'before-remove',
  'after-remove',
] as const;

export type BridgeFaultPoint = (name: (typeof bridgeFaultPointNames)[number]) => void;

export const noBridgeFaults: BridgeFaultPoint = () => undefined;
