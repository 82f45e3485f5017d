/** A program of this folder as JavaScript: what is measured is what an aggregator executes. */
import { join } from 'node:path';
import { compileChild, type CompiledChild } from '../../test/federated/compile-child.js';

export function compileBench(entry: string): CompiledChild {
  const folders = ['host', 'bench/wire', 'bench/accuracy/targets', 'test/federated', 'test/mqtt'];
  return compileChild(join(import.meta.dirname, entry), folders);
}
