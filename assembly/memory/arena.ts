/**
 * The arena: regions one after the other in linear memory, a canary behind each.
 *
 *     descriptor | layers | parameters | activations | accumulators | scratch | errors | … | (end)
 *               c        c            c             c              c         c        c   c
 *
 * Sizes are 64-bit while they are added up, so that no descriptor can wrap them.
 */

const CANARY: i32 = <i32>0x5ca1ab1e;
const MAX_REGIONS: i32 = 16;
const PAGE_SHIFT: u64 = 16;

const canaries: usize = memory.data(MAX_REGIONS * 4, 4);
let regions: i32 = 0;
let next: u64 = 0;

/** Starts laying out at `start`. */
export function openArena(start: usize): void {
  regions = 0;
  next = <u64>start;
}

/** Reserves a region of `bytes` and its canary; the address is valid once makeRoom() agreed. */
export function reserve(bytes: u64): usize {
  const start = (next + 7) & ~(<u64>7);
  const canary = (start + bytes + 3) & ~(<u64>3);
  store<i32>(canaries + ((<usize>regions) << 2), <i32>canary);
  regions++;
  next = canary + 4;
  return <usize>start;
}

/** Bytes of linear memory needed so far, from address 0. */
export function arenaBytes(): u64 {
  return next;
}

/** Grows the memory if the limit allows it; false if the arena does not fit. */
export function makeRoom(limit: u64): bool {
  if (next > limit) return false;
  const missing = <i64>next - ((<i64>memory.size()) << PAGE_SHIFT);
  if (missing <= 0) return true;
  return memory.grow(<i32>((missing + 65535) >> PAGE_SHIFT)) >= 0;
}

/** Clears everything from `start` to the end and writes the canaries. */
export function clearArena(start: usize): void {
  memory.fill(start, 0, <usize>next - start);
  for (let i = 0; i < regions; i++) store<i32>(load<usize>(canaries + ((<usize>i) << 2)), CANARY);
}

/** True if every canary lives. */
export function canariesLive(): bool {
  for (let i = 0; i < regions; i++) {
    if (load<i32>(load<usize>(canaries + ((<usize>i) << 2))) != CANARY) return false;
  }
  return true;
}
