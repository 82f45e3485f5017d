/** `linnet node`: one node, native or V8, as a device on stdio or a socket, or joined to a broker. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type Server } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import { condition } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { checkName } from '../contract/topics.js';
import { readFds1 } from '../data/fds1.js';
import { readKey } from '../contract/node-key.js';
import { nodeKeyFile } from '../mqtt/credentials.js';
import { packagePath } from '../kernel/load.js';
import { ownSamples, type SampleSource } from '../sim/node-samples.js';
import { V8Node, type Conditions } from '../sim/v8-node.js';
import { runBridge, stateSetting } from './bridge.js';
import { globalOptions, interruptSignal } from './context.js';
import { nativeNodePath } from './demo/runtimes.js';
import { mqttSettings } from './mqtt-settings.js';
import type { Output } from './output.js';
import { addSettings, resolveSettings, type Resolved, type SettingTable } from './settings.js';
import { trustSettings } from './trust-settings.js';

/** What the node says of its device where a plan asks for it; unknown if absent. */
const conditionSettings = {
  battery: { kind: 'integer', value: 'percent', text: 'charge of its battery', maximum: 100 },
  charging: {
    kind: 'integer',
    text: '1 = supplied from outside, 0 = not',
    maximum: 1,
  },
  linkQuality: { kind: 'integer', value: 'percent', text: 'quality of its link', maximum: 100 },
  ram: {
    kind: 'integer',
    value: 'KiB',
    text: 'memory for kernel and model',
    maximum: 2 ** 31 - 1,
  },
} as const satisfies SettingTable;

const settings = {
  name: { kind: 'text', value: 'node', text: 'name of the node' },
  data: { kind: 'text', value: 'file', text: 'FDS1 file with the node’s samples' },
  runtime: {
    kind: 'text',
    text: 'what runs the kernel',
    choices: ['native', 'v8'],
    default: 'native',
  },
  nodeKey: {
    kind: 'text',
    value: 'file',
    text: 'key that the node shares with the aggregator; default: that in its --credentials',
  },
  flash: {
    kind: 'text',
    value: 'file',
    text: 'emulated flash of a native node; default: its name and .flash',
  },
  ...conditionSettings,
  listen: {
    kind: 'text',
    value: 'address',
    text: 'unix:///path or tcp://host:port instead of stdio',
  },
  federation: {
    kind: 'text',
    value: 'name',
    text: 'federation to join, with --mqtt',
    default: 'linnet',
  },
  stdio: {
    kind: 'switch',
    text: 'be a device on stdin and stdout, whatever broker is named elsewhere',
  },
  ...stateSetting,
  ...mqttSettings,
  ...trustSettings,
} as const satisfies SettingTable;

type NodeSettings = Resolved<typeof settings>;

/** The file with its key; undefined: the node follows whoever announces. */
function keyPathOf({ nodeKey, credentials, name }: NodeSettings): string | undefined {
  if (nodeKey !== undefined) return nodeKey;
  if (credentials === undefined || name === undefined) return undefined;
  const path = join(credentials, name, nodeKeyFile);
  return existsSync(path) ? path : undefined;
}

/** Each node keeps its own flash. */
function flashOf(options: NodeSettings): string {
  return options.flash ?? `${options.name ?? 'linnet-node'}.flash`;
}

function conditionArguments(options: NodeSettings): string[] {
  const { battery, charging, linkQuality, ram } = options;
  return Object.entries({ battery, charging, 'link-quality': linkQuality, ram }).flatMap(
    ([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]),
  );
}

function conditionsOf({ battery, charging, linkQuality, ram }: NodeSettings): Conditions {
  const values = [
    [condition.BATTERY, battery],
    [condition.CHARGING, charging],
    [condition.LINK, linkQuality],
    [condition.RAM, ram],
  ] as const;
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

function nativeArguments(options: NodeSettings): string[] {
  const key = keyPathOf(options);
  return [
    ...(key === undefined ? [] : ['--key', key]),
    ...(options.name === undefined ? [] : ['--name', options.name]),
    ...(options.data === undefined ? [] : ['--data', options.data]),
    ...(options.listen === undefined ? [] : ['--listen', options.listen]),
    ...conditionArguments(options),
    '--flash',
    flashOf(options),
  ];
}

function requireNative(): string {
  const path = nativeNodePath();
  if (path !== undefined) return path;
  throw new LinnetError('ERR_TOOLCHAIN', 'the native node was not built', {
    remedy: 'install a C compiler (apt install gcc) and run `npm run build`, or use --runtime v8',
  });
}

/** Replaces this process by the native node, as far as Node can: same stdio, same exit code. */
function runNative(options: NodeSettings, signal: AbortSignal): Promise<void> {
  const child = spawn(requireNative(), nativeArguments(options), { stdio: 'inherit' });
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      // That of an interruption stays.
      process.exitCode ??= code ?? 1;
      resolve();
    });
  });
}

/** One V8 node on one byte stream; ends with the stream. */
async function serveStream(
  name: string,
  key: Uint8Array | undefined,
  samples: SampleSource | undefined,
  conditions: Conditions,
  input: Readable,
  output: Writable,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  signal.addEventListener('abort', end, { once: true });
  input.once('end', end).once('error', end).once('close', end);
  output.once('error', end);
  const node = new V8Node({
    node: name,
    ...(key && { key }),
    ...(samples && { samples }),
    conditions,
    write: (bytes) => output.write(bytes),
  });
  input.on('data', (chunk: Uint8Array) => node.receive(new Uint8Array(chunk)));
  await node.run(stop.signal);
}

function listenAddress(address: string): { path: string } | { host: string; port: number } {
  if (address.startsWith('unix://')) return { path: address.slice('unix://'.length) };
  const match = /^tcp:\/\/([^:/]+):(\d+)$/.exec(address);
  if (match) return { host: match[1], port: Number(match[2]) };
  throw new LinnetError('ERR_USAGE', `"${address}" is not unix:///path or tcp://host:port`);
}

/** One host at a time, as on a cable; the node starts afresh for each. */
function listen(
  address: string,
  onConnection: (stream: Readable & Writable) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer((socket) => {
      socket.setNoDelay(true);
      onConnection(socket)
        .catch(reject)
        .finally(() => socket.destroy());
    });
    server.maxConnections = 1;
    server.on('error', (error) =>
      reject(new LinnetError('ERR_LINK', `${address}: ${error.message}`, { source: error })),
    );
    signal.addEventListener('abort', () => server.close(() => resolve()), { once: true });
    server.listen(listenAddress(address));
  });
}

async function runV8(options: NodeSettings, signal: AbortSignal): Promise<void> {
  const samples = options.data === undefined ? undefined : ownSamples(readFds1(options.data));
  const name = options.name ?? '';
  const conditions = conditionsOf(options);
  const keyPath = keyPathOf(options);
  const key = keyPath === undefined ? undefined : readKey(keyPath);
  if (options.listen === undefined) {
    await serveStream(name, key, samples, conditions, process.stdin, process.stdout, signal);
  } else {
    await listen(
      options.listen,
      (socket) => serveStream(name, key, samples, conditions, socket, socket, signal),
      signal,
    );
  }
}

/** The node as a child on stdio, behind a bridge of its own. */
async function joinBroker(
  options: NodeSettings,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const quote = (text: string): string => `"${text}"`;
  const files = [
    ...(options.name === undefined ? [] : ['--name', options.name]),
    ...(options.data === undefined ? [] : ['--data', quote(options.data)]),
    ...conditionArguments(options),
  ];
  const key = keyPathOf(options);
  const keyed = (flag: string): string[] => (key === undefined ? [] : [flag, quote(key)]);
  const command =
    options.runtime === 'native'
      ? [quote(requireNative()), ...files, ...keyed('--key'), '--flash', quote(flashOf(options))]
      : [
          quote(process.execPath),
          quote(packagePath('dist/cli/main.js')),
          'node',
          '--stdio',
          '--runtime',
          'v8',
          ...files,
          ...keyed('--node-key'),
        ];
  await runBridge(
    { ...options, port: [`exec:${command.join(' ')}`], node: [], data: undefined, baud: 115200 },
    output,
    signal,
  );
}

async function runNode(options: NodeSettings, output: Output, signal: AbortSignal): Promise<void> {
  if (options.name !== undefined) checkName(options.name, 'node');
  if (options.mqtt !== undefined && !options.stdio) await joinBroker(options, output, signal);
  else if (options.runtime === 'native') await runNative(options, signal);
  else await runV8(options, signal);
}

export function addNodeCommand(program: Command): void {
  const command = program
    .command('node')
    .description('runs a node: the firmware core on this machine, or a V8 node');
  addSettings(command, settings).action(async (flags: Record<string, unknown>, self: Command) => {
    const { output, configPath } = globalOptions(self);
    await runNode(resolveSettings('node', settings, flags, configPath), output, interruptSignal());
  });
}
