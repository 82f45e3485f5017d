import { LinnetError } from '../contract/error.js';
import { kernelExports } from '../contract/schema.js';
import type { IntrinsicName, Intrinsics, KernelEngine, KernelFunction } from './engine.js';

type Exports = Record<KernelFunction, (...values: number[]) => number> & {
  readonly memory: { readonly buffer: ArrayBuffer };
};

class V8Engine implements KernelEngine {
  readonly name = `v8 ${process.versions.v8}`;

  /** All of linear memory, as long as it has not grown. */
  private bytes = new Uint8Array();
  private halves = new Int16Array();
  private words = new Uint32Array();

  constructor(private readonly exports: Exports) {}

  call(name: KernelFunction, a = 0, b = 0, c = 0): number {
    try {
      return this.exports[name](a, b, c);
    } catch (error) {
      throw new LinnetError('ERR_TRAP', `the kernel trapped in ${name}`, { source: error });
    }
  }

  readBytes(pointer: number, length: number): Uint8Array {
    return this.memory(pointer, length).slice(pointer, pointer + length);
  }

  readWords(pointer: number, target: Int16Array, at: number, count: number): void {
    this.memory(pointer, 2 * count);
    const { halves } = this;
    const from = pointer >>> 1;
    // For the few words of a slice this is faster than any copy of views.
    for (let i = 0; i < count; i++) target[at + i] = halves[from + i];
  }

  readWord(pointer: number): number {
    this.memory(pointer, 4);
    return this.words[pointer >>> 2];
  }

  writeBytes(pointer: number, bytes: Uint8Array): void {
    this.memory(pointer, bytes.length).set(bytes, pointer);
  }

  close(): void {}

  /** Linear memory, which has bytes [pointer, pointer + length). */
  private memory(pointer: number, length: number): Uint8Array {
    // Memory that grows detaches what stood for it, which is cheaper to see than to ask for the buffer.
    if (this.bytes.length === 0) {
      const { buffer } = this.exports.memory;
      this.bytes = new Uint8Array(buffer);
      this.halves = new Int16Array(buffer);
      this.words = new Uint32Array(buffer);
    }
    if (pointer >= 0 && pointer + length <= this.bytes.length) return this.bytes;
    throw new LinnetError(
      'ERR_RANGE',
      `bytes ${pointer}…${pointer + length} are outside the kernel's memory`,
    );
  }
}

/** Imports of an accelerated kernel, each bound to the memory the kernel has when it is called. */
function bindIntrinsics(
  module: WebAssembly.Module,
  intrinsics: Intrinsics | undefined,
  memory: () => ArrayBuffer,
): WebAssembly.Imports {
  const linnet: Record<string, (...args: number[]) => number> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const native = from === 'linnet' ? intrinsics?.[name as IntrinsicName] : undefined;
    if (native === undefined) {
      throw new LinnetError('ERR_INTRINSICS', `the kernel imports ${from}.${name}`, {
        remedy:
          'use the portable kernel, or build the wasm3 binding: `npm run build` with a C compiler',
      });
    }
    linnet[name] = (...args) => native(memory(), ...args);
  }
  return { linnet };
}

/**
 * Runs a kernel in this process's V8. An accelerated kernel needs `intrinsics`.
 * Throws ERR_ENGINE if the bytes are no valid module, ERR_ABI if it lacks an export, ERR_INTRINSICS if it
 * imports what is not supplied.
 */
export async function openV8Engine(
  wasm: Uint8Array,
  intrinsics?: Intrinsics,
): Promise<KernelEngine> {
  try {
    return instantiate(await WebAssembly.compile(wasm as Uint8Array<ArrayBuffer>), intrinsics);
  } catch (error) {
    throw refusal(error);
  }
}

/** As openV8Engine(), for where nobody can wait; V8 compiles meanwhile and nothing else happens. */
export function openV8EngineNow(wasm: Uint8Array): KernelEngine {
  try {
    return instantiate(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>), undefined);
  } catch (error) {
    throw refusal(error);
  }
}

function refusal(error: unknown): LinnetError {
  if (error instanceof LinnetError) return error;
  return new LinnetError('ERR_ENGINE', 'V8 refused the kernel', { source: error });
}

function instantiate(module: WebAssembly.Module, intrinsics: Intrinsics | undefined): KernelEngine {
  const instance: WebAssembly.Instance = new WebAssembly.Instance(
    module,
    bindIntrinsics(module, intrinsics, () => (instance.exports as Exports).memory.buffer),
  );
  const exports = instance.exports as Exports;
  const lacking = kernelExports.find(
    ({ name }) => typeof (exports as object as Record<string, unknown>)[name] !== 'function',
  );
  if (lacking) throw new LinnetError('ERR_ABI', `the kernel does not export ${lacking.name}`);
  return new V8Engine(exports);
}
