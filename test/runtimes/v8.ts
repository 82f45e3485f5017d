import { blockWord, constant, status } from '../../host/contract/contract.gen.js';
import { LinnetError } from '../../host/contract/error.js';
import { sha256 } from '../../host/contract/hash.js';
import type { KernelEngine } from '../../host/kernel/engine.js';
import { kernelBuilds } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import { nativeIntrinsics } from '../../host/wasm3/engine.js';
import { buildNative } from '../../tools/build-native.mjs';
import { decodeTape, type TapeRecord, type TapeRuntime } from './tape.js';

/** Ends a tape: the kernel trapped. */
class Trapped extends Error {}

function int32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

/** Executes the records of a tape on an engine that runs in this process. */
class Interpreter {
  private readonly block: number;

  constructor(private readonly engine: KernelEngine) {
    this.block = engine.call('block');
  }

  /** The bytes that one record emits. */
  run(record: TapeRecord): Uint8Array {
    switch (record.op) {
      case 'SET_WORD':
        this.engine.writeBytes(this.block + 4 * record.word, int32Bytes(record.value));
        return new Uint8Array();
      case 'GET_WORD':
        return this.engine.readBytes(this.block + 4 * record.word, 4);
      case 'WRITE':
        this.engine.writeBytes(this.word(record.word) + record.offset, record.bytes);
        return new Uint8Array();
      case 'READ': {
        const padded = new Uint8Array(4 * Math.ceil(record.length / 4));
        padded.set(this.engine.readBytes(this.word(record.word) + record.offset, record.length));
        return padded;
      }
      case 'CALL':
        return int32Bytes(this.call(record.name, ...record.args));
      case 'HASH':
        return this.hash();
      case 'COUNT':
        return int32Bytes(0);
      case 'LOAD':
        return int32Bytes(this.load(record.words));
    }
  }

  private word(index: number): number {
    const bytes = this.engine.readBytes(this.block + 4 * index, 4);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  private call(...call: Parameters<KernelEngine['call']>): number {
    try {
      return this.engine.call(...call);
    } catch (error) {
      if (error instanceof LinnetError && error.code === 'ERR_TRAP') throw new Trapped();
      throw error;
    }
  }

  private load(words: Int16Array): number {
    for (let at = 0; at < words.length; at += constant.IO_WORDS) {
      const slice = words.slice(at, at + constant.IO_WORDS);
      this.engine.writeBytes(this.word(blockWord.ioPtr), new Uint8Array(slice.buffer));
      const result = this.call('load', at, slice.length);
      if (result < 0) return result;
    }
    return status.OK;
  }

  private hash(): Uint8Array {
    const parameters = this.word(blockWord.parameters);
    const slices: Uint8Array[] = [];
    for (let at = 0; at < parameters; at += constant.IO_WORDS) {
      const count = Math.min(constant.IO_WORDS, parameters - at);
      const result = this.call('store', at, count);
      if (result < 0) throw new Error(`store(${at}, ${count}) gave ${result} while hashing`);
      slices.push(this.engine.readBytes(this.word(blockWord.ioPtr), 2 * count));
    }
    return sha256(...slices);
  }
}

/** Runs a tape on an open engine, V8 or wasm3 in-process alike; returns what it emitted. */
export function interpretTape(engine: KernelEngine, tape: Uint8Array): Uint8Array {
  const interpreter = new Interpreter(engine);
  const emitted: Uint8Array[] = [];
  try {
    for (const record of decodeTape(tape)) emitted.push(interpreter.run(record));
  } catch (error) {
    if (!(error instanceof Trapped)) throw error;
    emitted.push(int32Bytes(status.ERR_TRAP));
  }
  return Uint8Array.from(Buffer.concat(emitted));
}

const intrinsics = (await buildNative(['linnet_wasm3.node'])).available
  ? nativeIntrinsics()
  : undefined;

/**
 * The kernel in this process's V8: always available, and cannot limit the memory. The accelerated kernel
 * calls the C of the firmware.
 */
export const v8Runtime: TapeRuntime = {
  name: `v8 ${process.versions.v8}`,
  builds: intrinsics === undefined ? ['portable'] : kernelBuilds,
  available: () => undefined,
  async run(kernelWasm, tape) {
    const engine = await openV8Engine(kernelWasm, intrinsics);
    try {
      return interpretTape(engine, tape);
    } finally {
      engine.close();
    }
  },
};
