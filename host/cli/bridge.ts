/** `linnet bridge`: devices on this machine's ports, joined to a broker. */
import type { Command } from 'commander';
import { Bridge } from '../bridge/bridge.js';
import type { BridgedNodeOptions } from '../bridge/bridged-node.js';
import { LinnetError } from '../contract/error.js';
import { readFds1 } from '../data/fds1.js';
import { serveDataset } from '../device/dataset-server.js';
import { globalOptions, interruptSignal } from './context.js';
import { findOnlyDevice } from './devices.js';
import { brokerChanges, mqttOptionsOf, mqttSettings, nodeCredentialsOf } from './mqtt-settings.js';
import { describeFault } from './faults.js';
import type { Output } from './output.js';
import { addSettings, resolveSettings, type Resolved, type SettingTable } from './settings.js';
import { rootOf, trustSettings } from './trust-settings.js';

/** Of whoever runs a bridge. */
export const stateSetting = {
  state: {
    kind: 'text',
    value: 'folder',
    text: 'where uploads wait for their receipts; without, they do not outlive the bridge',
  },
} as const satisfies SettingTable;

const settings = {
  federation: {
    kind: 'text',
    value: 'name',
    text: 'federation the devices join',
    default: 'linnet',
  },
  port: { kind: 'list', short: '-p', text: 'devices; the only connected board if absent' },
  node: { kind: 'list', text: 'names for devices without one, in the order of --port' },
  data: {
    kind: 'text',
    value: 'file',
    text: 'FDS1 file served to a device that pulls its samples (one port)',
  },
  baud: {
    kind: 'integer',
    short: '-b',
    text: 'baud rate of serial ports',
    default: 115200,
    minimum: 1,
  },
  ...stateSetting,
  ...mqttSettings,
  ...trustSettings,
} as const satisfies SettingTable;

export type BridgeSettings = Resolved<typeof settings>;

/** By LOG_LEVEL. */
const deviceLevels: readonly ('error' | 'warn' | 'info' | 'debug')[] = [
  'error',
  'warn',
  'info',
  'debug',
];

async function devicesOf(options: BridgeSettings): Promise<BridgedNodeOptions[]> {
  const ports = options.port.length > 0 ? options.port : [await findOnlyDevice()];
  if (options.data !== undefined && ports.length > 1) {
    throw new LinnetError('ERR_USAGE', '--data serves one device', {
      remedy: 'start a bridge per device that pulls its samples',
    });
  }
  const samples = options.data === undefined ? undefined : serveDataset(readFds1(options.data));
  return ports.map((port, i) => {
    const node = options.node[i];
    return {
      port,
      baudRate: options.baud,
      ...(node !== undefined && { node }),
      ...(samples && { samples }),
    };
  });
}

/** Bridges until the signal aborts. */
export async function runBridge(
  options: BridgeSettings,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const bridge = new Bridge({
    federation: options.federation,
    mqtt: mqttOptionsOf(options),
    credentials: nodeCredentialsOf(options),
    root: rootOf(options),
    state: options.state,
    devices: await devicesOf(options),
    events: {
      onLog: (node, text) => output.log.info({ node }, text),
      onDeviceLog: (node, level, text) => output.log[deviceLevels[level] ?? 'info']({ node }, text),
      onFault: (node, fault) => output.log.error({ node, ...fault }, describeFault(fault)),
      onRefusal: (node, error) => output.log.warn({ node, code: error.code }, error.message),
      onBroker: (node, change) => output.log.warn({ node }, brokerChanges[change]),
      onHello: (node, hello) => {
        output.record({ type: 'hello', node, runtime: hello.runtime, engine: hello.engine });
        output.note(`${node}: ${hello.runtime}, ${hello.engine}`);
      },
    },
  });
  signal.addEventListener('abort', () => void bridge.close(), { once: true });
  await bridge.run();
  for (const { node, stats } of bridge.report) output.record({ type: 'node', node, ...stats });
}

export function addBridgeCommand(program: Command): void {
  const command = program
    .command('bridge')
    .description('joins devices on this machine to a broker');
  addSettings(command, settings).action(async (flags: Record<string, unknown>, self: Command) => {
    const { output, configPath } = globalOptions(self);
    await runBridge(
      resolveSettings('bridge', settings, flags, configPath),
      output,
      interruptSignal(),
    );
  });
}
