import { nodeState, resetReason } from '../contract/contract.gen.js';
import type { FaultRequest } from '../contract/contract.gen.js';

/** Name of a value of an enumeration, in lower case. */
export function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  return (
    Object.keys(table)
      .find((key) => table[key] === value)
      ?.toLowerCase() ?? String(value)
  );
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/** One line; the addresses are for `addr2line -e` with the image of the device. */
export function describeFault(fault: FaultRequest): string {
  const { reason, state, pc, lr, cause, hardFault, address } = fault;
  const registers = Object.entries({ pc, lr, cause, hardFault, address })
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => `${name} ${hex(value)}`);
  return `ended by ${nameOf(resetReason, reason)} in state ${nameOf(nodeState, state)}, ${registers.join(', ')}`;
}
