/** Which runtime each node of the demo has, and the port that starts it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LinnetError } from '../../contract/error.js';
import { packagePath } from '../../kernel/load.js';
import { keyPathOf } from './keys.js';
import type { Shard } from './shards.js';

export type NodeRuntime = 'native' | 'v8' | 'qemu';

/** The last `qemu` of `nodes` nodes are boards, the first `v8` are V8 nodes, the others run `runtime`. */
export function assignRuntimes(
  nodes: number,
  runtime: 'native' | 'v8',
  { qemu, v8 }: { readonly qemu: number; readonly v8: number },
): NodeRuntime[] {
  if (qemu + v8 > nodes) {
    const flags = v8 > 0 ? `--qemu ${qemu} and --v8 ${v8} ask` : `--qemu ${qemu} asks`;
    throw new LinnetError('ERR_USAGE', `${flags} for more than the ${nodes} nodes`);
  }
  return Array.from({ length: nodes }, (_, i) =>
    i >= nodes - qemu ? 'qemu' : i < v8 ? 'v8' : runtime,
  );
}

/** The firmware core compiled for this machine, or undefined if there was no C compiler. */
export function nativeNodePath(): string | undefined {
  const path = packagePath('build/linnet-node');
  return existsSync(path) ? path : undefined;
}

const quote = (argument: string): string => `"${argument}"`;

/** What the bridge opens to get the node. */
export function portOf(shard: Shard, runtime: NodeRuntime, folder: string): string {
  const key = keyPathOf(folder, shard.node);
  if (runtime === 'qemu') return `qemu:mps2-an386,key=${key}`;
  const files = ['--name', shard.node, '--data', quote(shard.path)];
  if (runtime === 'native') {
    const flash = quote(join(folder, `${shard.node}.flash`));
    return [
      'exec:' + quote(nativeNodePath()!),
      ...files,
      '--key',
      quote(key),
      '--flash',
      flash,
    ].join(' ');
  }
  const main = packagePath('dist/cli/main.js');
  return [
    'exec:' + quote(process.execPath),
    quote(main),
    'node',
    '--stdio',
    '--runtime',
    'v8',
    ...files,
    '--node-key',
    quote(key),
  ].join(' ');
}
