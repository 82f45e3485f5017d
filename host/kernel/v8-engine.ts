import { instantiate } from '@assemblyscript/loader';
import { LinnetError } from '../contract/error.js';
import type { KernelEngine, KernelFunction } from './engine.js';

type Exports = Record<KernelFunction, (...values: number[]) => number> & {
  readonly memory: { readonly buffer: ArrayBuffer };
};

class V8Engine implements KernelEngine {
  readonly name = `v8 ${process.versions.v8}`;

  constructor(private readonly exports: Exports) {}

  call(name: KernelFunction, ...args: number[]): number {
    try {
      return this.exports[name](...args);
    } catch (error) {
      throw new LinnetError('ERR_TRAP', `the kernel trapped in ${name}`, { source: error });
    }
  }

  readBytes(pointer: number, length: number): Uint8Array {
    return this.view(pointer, length).slice();
  }

  writeBytes(pointer: number, bytes: Uint8Array): void {
    this.view(pointer, bytes.length).set(bytes);
  }

  close(): void {}

  private view(pointer: number, length: number): Uint8Array {
    const { buffer } = this.exports.memory;
    if (pointer < 0 || pointer + length > buffer.byteLength) {
      throw new LinnetError(
        'ERR_RANGE',
        `bytes ${pointer}…${pointer + length} are outside the kernel's memory`,
      );
    }
    return new Uint8Array(buffer, pointer, length);
  }
}

/** Runs kernel.wasm in this process's V8. Throws ERR_ENGINE if the bytes are not a valid kernel. */
export async function openV8Engine(wasm: Uint8Array): Promise<KernelEngine> {
  try {
    const { exports } = await instantiate(wasm as Uint8Array<ArrayBuffer>, {});
    return new V8Engine(exports as unknown as Exports);
  } catch (error) {
    throw new LinnetError('ERR_ENGINE', 'V8 refused the kernel', { source: error });
  }
}
