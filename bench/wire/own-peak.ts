import { readFileSync } from 'node:fs';

/**
 * Bytes of memory that a program had at most, from the text of its /proc/PID/status. What getrusage() says of a child
 * begins with what its parent had.
 */
export function peakBytesIn(status: string): number {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(status)!;
  return 1024 * Number(kibibytes);
}

export const ownPeakBytes = (): number => peakBytesIn(readFileSync('/proc/self/status', 'utf8'));
