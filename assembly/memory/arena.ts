/**
 * The arena: regions one after the other in linear memory, a canary behind each. The table of regions
 * is what the host reads at regionsPtr (SPEC 5): u32 address and u32 bytes, in the order of REGION.
 *
 *     descriptor | layers | parameters | activations | wide | scratch | error | … | (end)
 *               c        c            c             c      c         c       c   c
 *
 * Sizes are 64-bit while they are added up, so that no descriptor can wrap them.
 */

const CANARY: i32 = <i32>0x5ca1ab1e;
const MAX_REGIONS: i32 = 16;
const PAGE_SHIFT: u64 = 16;

/** Address and bytes of every region. */
export const regionTable: usize = memory.data(MAX_REGIONS * 8, 4);
/** Regions reserved so far; here, because a planned kernel keeps all it knows in memory. */
const regionsAt: usize = memory.data(4, 4);
let next: u64 = 0;

/** Starts laying out at `start`. */
export function openArena(start: usize): void {
  store<i32>(regionsAt, 0);
  next = <u64>start;
}

/** Reserves a region of `bytes` and its canary; the address is valid once makeRoom() agreed. */
export function reserve(bytes: u64): usize {
  const start = (next + 7) & ~(<u64>7);
  const index = regionCount();
  const entry = regionTable + ((<usize>index) << 3);
  store<i32>(entry, <i32>start);
  store<i32>(entry, <i32>bytes, 4);
  store<i32>(regionsAt, index + 1);
  next = ((start + bytes + 3) & ~(<u64>3)) + 4;
  return <usize>start;
}

/** Bytes of linear memory needed so far, from address 0. */
export function arenaBytes(): u64 {
  return next;
}

/** Regions reserved so far. */
export function regionCount(): i32 {
  return load<i32>(regionsAt);
}

/** Grows the memory if the limit allows it; false if the arena does not fit. */
// @ts-ignore: decorator
@inline
export function makeRoom(limit: u64): bool {
  if (next > limit) return false;
  const missing = <i64>next - ((<i64>memory.size()) << PAGE_SHIFT);
  if (missing <= 0) return true;
  return memory.grow(<i32>((missing + 65535) >> PAGE_SHIFT)) >= 0;
}

/** Address of the canary behind a region. */
// @ts-ignore: decorator
@inline
export function canaryOf(index: i32): usize {
  const entry = regionTable + ((<usize>index) << 3);
  return (load<usize>(entry) + load<usize>(entry, 4) + 3) & ~3;
}

/** Clears everything from `start` to the end and writes the canaries. */
export function clearArena(start: usize): void {
  memory.fill(start, 0, <usize>next - start);
  const regions = regionCount();
  for (let i = 0; i < regions; i++) store<i32>(canaryOf(i), CANARY);
}

/** True if every canary lives. */
export function canariesLive(): bool {
  const regions = regionCount();
  for (let i = 0; i < regions; i++) {
    if (load<i32>(canaryOf(i)) != CANARY) return false;
  }
  return true;
}
