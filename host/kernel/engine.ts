import type { intrinsicNames, KernelExports } from '../contract/contract.gen.js';

export type KernelFunction = keyof KernelExports;

/** One instance of kernel.wasm, whatever runs it: V8 here, wasm3 in host/wasm3. */
export interface KernelEngine {
  /** Engine and version, such as `v8 11.3`. */
  readonly name: string;
  /** Calls an export; negative is a status. Throws ERR_TRAP if the kernel traps. */
  call(name: KernelFunction, ...args: number[]): number;
  /** A copy of linear memory. Throws ERR_RANGE outside it. */
  readBytes(pointer: number, length: number): Uint8Array;
  /** `count` int16 from a multiple of 2 on, to `target[at]` on. Throws ERR_RANGE outside linear memory. */
  readWords(pointer: number, target: Int16Array, at: number, count: number): void;
  /** The u32 at a multiple of 4. Throws ERR_RANGE outside linear memory. */
  readWord(pointer: number): number;
  writeBytes(pointer: number, bytes: Uint8Array): void;
  close(): void;
}

export type IntrinsicName = (typeof intrinsicNames)[number];

/** Native functions for an accelerated kernel (SPEC 5.2), each on the linear memory it is given. */
export type Intrinsics = Readonly<
  Record<IntrinsicName, (memory: ArrayBuffer, ...args: number[]) => number>
>;
