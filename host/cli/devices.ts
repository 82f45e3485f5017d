/** `linnet devices`: which boards are connected, and what one of them says of itself. */
import type { Command } from 'commander';
import { nodeState, resetReason } from '../contract/contract.gen.js';
import type { HelloRequest } from '../contract/contract.gen.js';
import { LinnetError, statusName } from '../contract/error.js';
import { toHex } from '../contract/hash.js';
import { aggregatorIdentity } from '../contract/identity.js';
import { Device } from '../device/device.js';
import { openLink } from '../link/open.js';
import { listSerialPorts } from '../link/serial-link.js';
import { globalOptions } from './context.js';
import { describeFault, nameOf } from './faults.js';
import { describeSaturations, listFleet, printLog } from './fleet-status.js';
import { mqttOptionsFor, mqttSettings, type BrokerOptions } from './mqtt-settings.js';
import type { Output } from './output.js';
import { addSettings, resolveSettings, type SettingTable } from './settings.js';

const settings = {
  port: {
    kind: 'text',
    short: '-p',
    text: 'device to ask, such as /dev/ttyACM0 or qemu:mps2-an386',
  },
  baud: {
    kind: 'integer',
    short: '-b',
    text: 'baud rate of a serial port',
    default: 115200,
    minimum: 1,
  },
  federation: {
    kind: 'text',
    value: 'name',
    text: 'federation whose nodes are listed, with --mqtt',
    default: 'linnet',
  },
  log: {
    kind: 'text',
    value: 'node',
    text: 'with --mqtt: the last lines that this node has logged, with seconds since its bridge started',
  },
  ...mqttSettings,
} as const satisfies SettingTable;

const helloWaitMs = 10_000;

/** The one board that is connected. Throws ERR_NO_DEVICE if there is none, or lists them if several. */
export async function findOnlyDevice(): Promise<string> {
  const ports = await listSerialPorts();
  if (ports.length === 1) return ports[0].path;
  const found = ports.map((port) => `${port.path} (${port.description})`).join(', ');
  throw new LinnetError(
    'ERR_NO_DEVICE',
    ports.length === 0 ? 'no board is connected' : `several boards are connected: ${found}`,
  );
}

function awaitHello(
  device: { hello: HelloRequest | undefined },
  port: string,
): Promise<HelloRequest> {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const timer = setInterval(() => {
      if (device.hello) resolve(device.hello);
      else if (Date.now() - started > helloWaitMs)
        reject(new LinnetError('ERR_TIMEOUT', `${port} did not introduce itself`));
      else return;
      clearInterval(timer);
    }, 20);
  });
}

/** Opens the port, waits for HELLO, asks for STATUS and prints both. */
async function describeDevice(port: string, baudRate: number, output: Output): Promise<void> {
  const link = await openLink(port, { baudRate, onLog: (line) => output.log.info(line) });
  const device = new Device(link, {
    node: '',
    findObject: () => undefined,
    onHello: () => undefined,
    onUpload: () => undefined,
    onLog: (level, text) => output.log.info({ level }, text),
    onFault: (fault) => output.log.error(fault, describeFault(fault)),
  });
  try {
    const hello = await awaitHello(device, port);
    const status = await device.status();
    const kernelHash = toHex(hello.kernelHash);
    output.record({ type: 'device', port, ...hello, kernelHash, status });
    output.line(`port        ${port}`);
    output.line(`node        ${hello.node || '(no name)'}`);
    output.line(`runtime     ${hello.runtime}, ${hello.engine}`);
    output.line(
      `kernel      ${hello.numerics === 0 ? 'none' : `${kernelHash}, numerics ${hello.numerics}`}`,
    );
    output.line(
      `intrinsics  ${hello.intrinsicSet === 0 ? 'none: it runs portable kernels' : `set ${hello.intrinsicSet}`}`,
    );
    output.line(`memory      ${hello.kernelMemoryBytes} bytes for a model`);
    output.line(
      `started     ${hello.bootEpoch} times, last by ${nameOf(resetReason, hello.resetReason)}`,
    );
    output.line(`state       ${nameOf(nodeState, status.state)}, model version ${status.version}`);
    output.line(
      `used        heap ${status.heapHighWaterBytes}, stack ${status.stackHighWaterBytes} bytes at most`,
    );
    if (status.residualSaturations > 0)
      output.line(`residual    ${describeSaturations(status.residualSaturations)}`);
    if (status.lastError < 0) output.line(`last error  ${statusName(status.lastError)}`);
  } finally {
    await device.close();
  }
}

async function listDevices(output: Output): Promise<void> {
  const ports = await listSerialPorts();
  for (const port of ports) {
    output.record({ type: 'port', ...port });
    output.line(`${port.path}  ${port.description}`);
  }
  if (ports.length === 0) {
    throw new LinnetError('ERR_NO_DEVICE', 'no board is connected', {
      remedy:
        'connect one, or name a port with --port (tcp://host:port, unix:///path, exec:./program, qemu:mps2-an386)',
    });
  }
}

export function addDevicesCommand(program: Command): void {
  const command = program
    .command('devices')
    .description('lists connected boards, describes one, or lists the nodes of a federation');
  addSettings(command, settings).action(async (flags: Record<string, unknown>, self: Command) => {
    const { output, configPath } = globalOptions(self);
    const options = resolveSettings('devices', settings, flags, configPath);
    const { port, baud, federation, mqtt, log } = options;
    const broker = (): BrokerOptions => mqttOptionsFor(aggregatorIdentity, options);
    if (port !== undefined) await describeDevice(port, baud, output);
    else if (log !== undefined) await printLog(broker(), federation, log, output);
    else if (mqtt === undefined) await listDevices(output);
    else await listFleet(broker(), federation, output);
  });
}
