/** The parts of a federation one by one, so that a test can take any of them away while it runs. */
import { rmSync } from 'node:fs';
import { Bridge } from '../../host/bridge/bridge.js';
import type { BridgeTiming } from '../../host/bridge/options.js';
import { dealShards, type Shard } from '../../host/cli/demo/shards.js';
import { nativeNodePath } from '../../host/cli/demo/runtimes.js';
import { downlinkOfFlags, planOfFlags, type PlanFlags } from '../../host/cli/plan-settings.js';
import { prepareTask } from '../../host/cli/task.js';
import type { AggregatorOptions } from '../../host/federated/server.js';
import { loadKernels } from '../../host/kernel/load.js';
import type { MqttOptions } from '../../host/mqtt/session.js';
import { TestProcess } from './process.js';
import type { Scene } from './scene.js';
import { smallPlan } from './small-federation.js';

export const cohort = 4;
export const federation = 'faults';

/** What waits in production for people to plug things in again waits here for a test. */
export const shortTiming: BridgeTiming = {
  reopenMs: 50,
  pingMs: 500,
  republishMs: 500,
  proofMs: 200,
  wantMs: 100,
  statusMs: 1000,
  peer: { requestMs: 1000, requestTries: 5 },
};

/** The shards of the built-in task, as the demo deals them. */
export function dealBuiltIn(scene: Scene, seed: number = smallPlan.seed): readonly Shard[] {
  const { dataset } = prepareTask({ subjects: cohort });
  return dealShards(dataset, cohort, seed, scene.path('shards')).shards;
}

/** An aggregator of the built-in task that ends as runSmallFederation() with the same plan does. */
export function aggregatorOptions(
  store: string,
  url: string,
  plan: Partial<PlanFlags> & { readonly rounds: number },
): AggregatorOptions {
  const task = prepareTask({ subjects: cohort });
  const flags = { ...smallPlan, ...plan };
  return {
    store,
    mqtt: { url, reconnectMs: 50 },
    federation,
    descriptor: task.descriptor,
    kernels: loadKernels(),
    initialWords: flags.seed,
    rounds: flags.rounds,
    plan: planOfFlags(flags, task),
    downlink: downlinkOfFlags(flags),
    round: { cohort, quorum: 1 },
  };
}

/** A native node that listens on a socket, so that it outlives its bridge and can be killed alone. */
export class NativeNode {
  readonly socket: string;
  #process: TestProcess;

  private constructor(
    private readonly scene: Scene,
    readonly shard: Shard,
  ) {
    this.socket = scene.path(`${shard.node}.sock`);
    this.#process = this.#launch();
  }

  static async start(scene: Scene, shard: Shard): Promise<NativeNode> {
    const node = new NativeNode(scene, shard);
    await node.#process.waitForOutput('listening');
    return node;
  }

  get port(): string {
    return `unix://${this.socket}`;
  }

  /** kill -9; what is in its flash file stays. */
  async kill(): Promise<void> {
    const { signal } = await this.#process.kill('SIGKILL');
    if (signal !== 'SIGKILL') throw new Error(`${this.shard.node} was not alive to be killed`);
  }

  async restart(): Promise<void> {
    rmSync(this.socket, { force: true });
    this.#process = this.#launch();
    await this.#process.waitForOutput('listening');
  }

  #launch(): TestProcess {
    const { node, path } = this.shard;
    return new TestProcess(this.scene, nativeNodePath()!, [
      ...['--name', node, '--data', path],
      ...['--flash', this.scene.path(`${node}.flash`), '--listen', this.port],
    ]);
  }
}

/** A native node as a child of its bridge. */
/** `more`: other flags. */
export function commandOf({ node, path }: Omit<Shard, 'dataset'>, more = ''): string {
  return `exec:"${nativeNodePath()}" --name ${node} --data "${path}" --flash "${path}.flash" ${more}`;
}

export function startNativeNodes(scene: Scene, shards: readonly Shard[]): Promise<NativeNode[]> {
  return Promise.all(shards.map((shard) => NativeNode.start(scene, shard)));
}

/** A bridge in this process. A port that cannot be opened the first time is an error of the test. */
export function startBridge(
  scene: Scene,
  url: string,
  ports: readonly string[],
  mqtt: Pick<MqttOptions, 'protocolVersion' | 'retains'> = {},
): Bridge {
  const bridge = new Bridge({
    federation,
    mqtt: { url, reconnectMs: 50, ...mqtt },
    devices: ports.map((port) => ({ port })),
    timing: shortTiming,
  });
  scene.defer(() => bridge.close());
  bridge.run().catch((error: unknown) => {
    throw error;
  });
  return bridge;
}
