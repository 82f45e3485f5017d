/** The inner loops of the float32 reference: bench/accuracy/float/assembly, compiled once and kept in build/. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { packagePath } from '../../../host/kernel/load.js';

/** Addresses are byte addresses in the memory of the instance. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  forward(
    y: number,
    x: number,
    w: number,
    bias: number,
    positions: number,
    length: number,
    outputs: number,
    relu: number,
  ): void;
  propagate(
    dx: number,
    e: number,
    w: number,
    positions: number,
    length: number,
    outputs: number,
  ): void;
  update(
    w: number,
    bias: number,
    x: number,
    e: number,
    positions: number,
    length: number,
    outputs: number,
    rate: number,
  ): void;
  gather(to: number, x: number, starts: number, count: number, channels: number): void;
  scatter(dx: number, from: number, starts: number, count: number, channels: number): void;
}

const folder = packagePath('bench/accuracy/float');
const pageBytes = 65_536;
/** v128 loads need no alignment, but like it. */
const alignment = 16;

/** The file carries the hash of its source, so a changed source is compiled again. */
function compileLoops(): Promise<WebAssembly.Module> {
  const hash = createHash('sha256');
  for (const file of ['asconfig.json', 'assembly/index.ts']) {
    hash.update(readFileSync(`${folder}/${file}`));
  }
  const path = packagePath(`build/float-loops.${hash.digest('hex').slice(0, 16)}.wasm`);
  if (!existsSync(path)) {
    mkdirSync(packagePath('build'), { recursive: true });
    const compiler = packagePath('node_modules/assemblyscript/bin/asc.js');
    const partial = `${path}.${process.pid}`;
    execFileSync(process.execPath, [compiler, '--outFile', partial], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    renameSync(partial, path);
  }
  return WebAssembly.compile(readFileSync(path));
}

const compiled = await compileLoops();

/** Memory of one net, dealt out from the start, and the loops that work in it. */
export class Loops {
  readonly call: Exports;
  private next = alignment;

  /** Room for `elements` of 4 bytes in at most `tensors` pieces. */
  constructor(elements: number, tensors: number) {
    this.call = new WebAssembly.Instance(compiled, {}).exports as Exports;
    const bytes = alignment + 4 * elements + alignment * tensors;
    const missing = bytes - this.call.memory.buffer.byteLength;
    if (missing > 0) this.call.memory.grow(Math.ceil(missing / pageBytes));
  }

  floats(count: number): Float32Array {
    return new Float32Array(this.call.memory.buffer, this.take(count), count);
  }

  integers(values: Int32Array): Int32Array {
    const copy = new Int32Array(this.call.memory.buffer, this.take(values.length), values.length);
    copy.set(values);
    return copy;
  }

  private take(count: number): number {
    const address = this.next;
    this.next = address + Math.ceil((4 * count) / alignment) * alignment;
    if (this.next > this.call.memory.buffer.byteLength) throw new Error('the net has no room');
    return address;
  }
}
