import { Bridge, type BridgeOptions } from '../../host/bridge/bridge.js';
import type { BridgedNodeOptions } from '../../host/bridge/options.js';
import { startBroker, type Broker } from '../../host/mqtt/broker.js';
import { federation } from '../node/fixture.js';
import { waitFor } from '../mqtt/wait.js';
import { DevicePort, type DeviceProgram } from './device-port.js';
import { ScriptedAggregator } from './scripted-aggregator.js';

/** Short pauses, but patience with a busy machine. */
export const timing = {
  reopenMs: 20,
  pingMs: 50,
  republishMs: 200,
  proofMs: 200,
  wantMs: 100,
  statusMs: 300,
  peer: { requestMs: 250, requestTries: 4 },
};

interface StartOptions {
  readonly broker?: Broker;
  readonly protocolVersion?: 4 | 5;
}

/** A broker, an aggregator under the test's control, and what the test adds; close() ends them all. */
export class Rig {
  /** Log lines of the bridges, `node: text`. */
  readonly logs: string[] = [];
  /** What bridges said aloud, `code: message`. */
  readonly refusals: string[] = [];
  /** Of the bridges to come. */
  trust: Pick<BridgeOptions, 'root' | 'state'> = {};
  /** Of the bridges to come. */
  timing = timing;
  /** Nodes that told of a fault. */
  readonly faults: string[] = [];
  /** Why a bridge's run() ended, if it did. */
  failure: unknown;
  private readonly ends: (() => Promise<void>)[] = [];

  private constructor(
    public broker: Broker,
    readonly aggregator: ScriptedAggregator,
    private readonly protocolVersion: 4 | 5,
  ) {}

  static async start({ broker, protocolVersion = 4 }: StartOptions = {}): Promise<Rig> {
    const used = broker ?? (await startBroker());
    return new Rig(used, await ScriptedAggregator.connect(used.url), protocolVersion);
  }

  async plugIn(program: DeviceProgram): Promise<DevicePort> {
    const port = await DevicePort.listen(program);
    this.ends.push(() => port.close());
    return port;
  }

  bridge(...devices: readonly BridgedNodeOptions[]): Bridge {
    const { url } = this.broker;
    const bridge = new Bridge({
      federation,
      mqtt: { url, protocolVersion: this.protocolVersion, reconnectMs: 30 },
      ...this.trust,
      devices,
      timing: this.timing,
      events: {
        onLog: (node, text) => this.logs.push(`${node}: ${text}`),
        onRefusal: (_, { code, message }) => this.refusals.push(`${code}: ${message}`),
        onFault: (node) => this.faults.push(node),
        onDeviceLog: (node, level, text) => this.logs.push(`${node} [${level}]: ${text}`),
      },
    });
    this.ends.push(() => bridge.close());
    bridge.run().catch((error: unknown) => {
      this.failure = error;
    });
    return bridge;
  }

  /** As waitFor, but says what the bridges had to say. */
  async until(what: string, condition: () => boolean): Promise<void> {
    await waitFor(what, condition).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; log:\n${this.logs.join('\n')}`);
    });
  }

  async close(): Promise<void> {
    for (const end of this.ends.reverse()) await end();
    await this.aggregator.close();
    await this.broker.close();
  }
}
