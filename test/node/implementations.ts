import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { condition, version } from '../../host/contract/contract.gen.js';
import { toHex } from '../../host/contract/hash.js';
import type { Dataset } from '../../host/data/dataset.js';
import { writeFds1 } from '../../host/data/fds1.js';
import type { NodeObjects } from '../../host/sim/node-host.js';
import type { NodeTiming } from '../../host/sim/node-timing.js';
import { runV8Node } from '../../host/sim/run-v8-node.js';
import type { Conditions } from '../../host/sim/v8-node.js';
import type { TestNode } from './scripted-host.js';

/** What outlives a device that loses power: a directory with its flash, or the V8 node's objects. */
export interface Flash {
  readonly directory: string;
  readonly objects: NodeObjects;
}

export interface StartOptions {
  /** Name of the node; '' lets the host give one. */
  readonly node: string;
  /** Absent: the node pulls its samples. */
  readonly dataset?: Dataset;
  readonly key?: Uint8Array;
  /** What it knows of its device. */
  readonly conditions?: Conditions;
  readonly flash: Flash;
}

export interface RunningNode extends TestNode {
  /** Ends the node at once, as kill -9 does. Rejects if it ended by itself with an error. */
  kill(): Promise<void>;
  /** Pulls the cable; resolves to the exit code. */
  closeInput(): Promise<number>;
}

/** One way to run a node; the suite does not know which. */
export interface Implementation {
  readonly name: string;
  readonly runtime: string;
  readonly timing: NodeTiming;
  /** The node counts its starts in the flash. */
  readonly countsBoots: boolean;
  /** Set of intrinsics it supplies, 0 = none. */
  readonly intrinsicSet: number;
  start(options: StartOptions): RunningNode;
}

/** Short durations, so that every timeout of the specification can be waited for. */
export const shortTiming: NodeTiming = {
  requestMs: 300,
  requestTries: 4,
  laterMs: 60,
  refusedMs: 600,
  offerMs: 1500,
  silenceMs: 3000,
  conditionMs: 200,
};

/** What a kernel on trial may take. */
export const watchdogMs = 400;

const temporary: string[] = [];

export function makeFlash(): Flash {
  const directory = mkdtempSync(join(tmpdir(), 'linnet-node-'));
  temporary.push(directory);
  return { directory, objects: {} };
}

export function removeFlashes(): void {
  for (const directory of temporary.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** A node of host/sim in this process, on streams. */
export const v8Implementation: Implementation = {
  name: 'v8',
  runtime: 'v8',
  timing: shortTiming,
  countsBoots: false,
  intrinsicSet: 0,
  start({ node, dataset, key, conditions, flash }) {
    const power = new AbortController();
    const input = new PassThrough();
    const output = new PassThrough();
    const ended = runV8Node({
      name: node,
      ...(dataset && { dataset }),
      ...(key && { key }),
      ...(conditions && { conditions }),
      input,
      output,
      signal: power.signal,
      timing: shortTiming,
      objects: flash.objects,
      watchdogMs,
    });
    return {
      send: (bytes) => void input.write(bytes),
      onBytes: (listener) => void output.on('data', (chunk: Uint8Array) => listener(chunk)),
      kill: async () => {
        power.abort();
        await ended;
        output.removeAllListeners('data');
      },
      closeInput: async () => {
        input.end();
        await ended;
        return 0;
      },
    };
  },
};

const conditionFlags: Readonly<Record<number, string>> = {
  [condition.BATTERY]: '--battery',
  [condition.CHARGING]: '--charging',
  [condition.LINK]: '--link-quality',
  [condition.RAM]: '--ram',
};

/** Arguments of a native node. */
export function nativeArguments({
  node,
  dataset,
  key,
  conditions = {},
  flash,
}: StartOptions): string[] {
  const shard = join(flash.directory, 'shard.fds');
  if (dataset) writeFds1(shard, dataset);
  const keyFile = join(flash.directory, 'node.key');
  if (key) writeFileSync(keyFile, `${toHex(key)}\n`);
  const flashFile = join(flash.directory, 'flash.bin');
  return [
    ...['--name', node, '--flash', flashFile, '--watchdog', String(watchdogMs)],
    ...(dataset ? ['--data', shard] : []),
    ...(key ? ['--key', keyFile] : []),
    ...Object.entries(conditions).flatMap(([kind, value]) => [
      conditionFlags[Number(kind)],
      String(value),
    ]),
  ];
}

/** A real linnet-node process on its stdin and stdout. */
export function nativeImplementation(
  name: string,
  binary: string,
  timing: NodeTiming,
): Implementation {
  return {
    name,
    runtime: 'native-wasm3',
    timing,
    countsBoots: true,
    intrinsicSet: version.INTRINSIC_SET,
    start(options) {
      const child = spawn(binary, nativeArguments(options), { stdio: 'pipe' });
      let complaints = '';
      child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
      child.stdin.on('error', () => undefined);
      const ended = new Promise<number>((resolve, reject) => {
        child.once('exit', (code, signal) => {
          if (code === 0 || signal === 'SIGKILL') resolve(code ?? 0);
          else reject(new Error(`${name} ended with ${code ?? signal}:\n${complaints}`));
        });
      });
      return {
        send: (bytes) => void child.stdin.write(bytes),
        onBytes: (listener) => void child.stdout.on('data', (chunk: Buffer) => listener(chunk)),
        kill: async () => {
          child.kill('SIGKILL');
          await ended;
        },
        closeInput: () => {
          child.stdin.end();
          return ended;
        },
      };
    },
  };
}
