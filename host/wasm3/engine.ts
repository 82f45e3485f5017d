import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { kernelExports } from '../contract/schema.js';
import { LinnetError, statusName } from '../contract/error.js';
import { intrinsicNames, status } from '../contract/contract.gen.js';
import { packagePath } from '../kernel/load.js';
import type { Intrinsics, KernelEngine, KernelFunction } from '../kernel/engine.js';

/** What addon.c exports. Handles are numbers; misuse throws. */
interface Addon {
  /** Such as `wasm3 0.5.0 (npm react-native-webassembly 0.3.3)`. */
  readonly engine: string;
  open(wasm: Uint8Array, memoryBytes: number, heapBytes: number): number;
  call(handle: number, index: number, a: number, b: number, c: number): number;
  lastError(handle: number): string;
  read(handle: number, pointer: number, length: number): Uint8Array;
  write(handle: number, pointer: number, bytes: Uint8Array): void;
  close(handle: number): void;
  /** A native function on linear memory; what lies outside it gives ERR_RANGE. */
  intrinsic(index: number, memory: ArrayBuffer, a: number, b: number, c: number, d: number): number;
}

export interface Wasm3Options {
  /** Limit of the linear memory; 4 MiB if absent. */
  readonly memoryBytes?: number;
  /** What the engine may allocate, linear memory included. */
  readonly heapBytes?: number;
}

const defaultMemoryBytes = 4 << 20;
/** Compiled code takes about six times the wasm bytes on a 64-bit machine. */
const codeBytesPerWasmByte = 12;
const engineBytes = 64 << 10;

const indexOf = new Map(kernelExports.map(({ name }, index) => [name as KernelFunction, index]));

/** Statuses that only the engine itself gives; the kernel is closed after them. */
const engineFailures: readonly number[] = [status.ERR_TRAP, status.ERR_ENGINE];

const addonPath = packagePath('build/linnet_wasm3.node');
let addon: Addon | undefined;

function loadAddon(): Addon {
  if (!existsSync(addonPath)) {
    throw new LinnetError('ERR_TOOLCHAIN', 'the wasm3 binding is not built', {
      remedy: 'install a C compiler and run `npm run build`',
    });
  }
  try {
    addon ??= createRequire(import.meta.url)(addonPath) as Addon;
    return addon;
  } catch (error) {
    throw new LinnetError('ERR_TOOLCHAIN', 'the wasm3 binding does not load', {
      remedy: 'delete build/ and run `npm run build`',
      source: error,
    });
  }
}

class Wasm3Engine implements KernelEngine {
  readonly name: string;
  /** Undefined once closed: the number may name another kernel by then. */
  private handle: number | undefined;

  constructor(
    private readonly binding: Addon,
    handle: number,
  ) {
    this.name = binding.engine;
    this.handle = handle;
  }

  call(name: KernelFunction, ...args: number[]): number {
    const [a = 0, b = 0, c = 0] = args;
    const handle = this.openHandle();
    const result = this.binding.call(handle, indexOf.get(name)!, a, b, c);
    if (engineFailures.includes(result)) {
      const cause = this.binding.lastError(handle);
      throw new LinnetError(statusName(result), `${name} failed in wasm3 (${cause})`);
    }
    return result;
  }

  readBytes(pointer: number, length: number): Uint8Array {
    return this.inMemory((handle) => this.binding.read(handle, pointer, length));
  }

  readWords(pointer: number, target: Int16Array, at: number, count: number): void {
    target.set(new Int16Array(this.readBytes(pointer, 2 * count).buffer, 0, count), at);
  }

  readWord(pointer: number): number {
    return new DataView(this.readBytes(pointer, 4).buffer).getUint32(0, true);
  }

  writeBytes(pointer: number, bytes: Uint8Array): void {
    this.inMemory((handle) => this.binding.write(handle, pointer, bytes));
  }

  close(): void {
    if (this.handle !== undefined) this.binding.close(this.handle);
    this.handle = undefined;
  }

  private openHandle(): number {
    if (this.handle !== undefined) return this.handle;
    throw new LinnetError('ERR_STATE', 'the kernel is closed', { remedy: 'open another' });
  }

  private inMemory<Result>(access: (handle: number) => Result): Result {
    const handle = this.openHandle();
    try {
      return access(handle);
    } catch (error) {
      throw new LinnetError('ERR_RANGE', 'access outside the memory of the kernel', {
        source: error,
      });
    }
  }
}

/** Whether the binding was built. */
export function hasWasm3(): boolean {
  return existsSync(addonPath);
}

/**
 * Opens a kernel in wasm3, in this process: the same C as on a device.
 * Throws ERR_TOOLCHAIN if the binding is not built, ERR_ENGINE, ERR_ABI or ERR_MEMORY if wasm3
 * refuses the kernel.
 */
export function openWasm3Engine(wasm: Uint8Array, options: Wasm3Options = {}): KernelEngine {
  const memoryBytes = options.memoryBytes ?? defaultMemoryBytes;
  // Memory that grows is moved once, so old and new must fit side by side.
  const heapBytes =
    options.heapBytes ?? 2 * memoryBytes + codeBytesPerWasmByte * wasm.length + engineBytes;
  const binding = loadAddon();
  try {
    return new Wasm3Engine(binding, binding.open(wasm, memoryBytes, heapBytes));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw new LinnetError(statusName(Number(code)), `wasm3 refused the kernel (${message})`, {
      source: error,
    });
  }
}

/**
 * The native functions an accelerated kernel imports, for an engine other than wasm3; undefined if the
 * binding is not built. Unused arguments are 0.
 */
export function nativeIntrinsics(): Intrinsics | undefined {
  if (!hasWasm3()) return undefined;
  const binding = loadAddon();
  const bind =
    (index: number) =>
    (memory: ArrayBuffer, a = 0, b = 0, c = 0, d = 0): number =>
      binding.intrinsic(index, memory, a, b, c, d);
  return Object.fromEntries(intrinsicNames.map((name, index) => [name, bind(index)])) as Intrinsics;
}
