/**
 * The parameter block: what the host tells the kernel and reads back (SPEC 5). Word offsets come
 * from the contract.
 */
import { BLOCK_BYTES } from '../contract.gen';

/** Address of the block, zeroed at start. */
export const BLOCK: usize = memory.data(BLOCK_BYTES, 16);

// @ts-ignore: decorator
@inline
export function readWord(offset: i32): i32 {
  return load<i32>(BLOCK + <usize>offset);
}

/** A word that counts bytes, steps or loss: zero-extended. */
// @ts-ignore: decorator
@inline
export function readUnsigned(offset: i32): u64 {
  return <u64>load<u32>(BLOCK + <usize>offset);
}

// @ts-ignore: decorator
@inline
export function writeWord(offset: i32, value: i32): void {
  store<i32>(BLOCK + <usize>offset, value);
}
