/** The programs of a federation as processes that can be killed and started again. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packagePath } from '../../host/kernel/load.js';
import type { ChildSettings } from '../e2e/aggregator-child.js';
import { startCli, TestProcess, type Ended } from '../e2e/process.js';
import { aggregatorOptions, federation } from '../e2e/rig.js';
import type { Scene } from '../e2e/scene.js';
import { findFreePort, hasMosquitto } from '../mqtt/mosquitto.js';

const searchPath = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin`;

/** A process that is always started the same way. */
export class Life {
  #process: TestProcess | undefined;

  constructor(
    readonly name: string,
    private readonly launch: (faultPoint?: string) => TestProcess,
    /** Output that says it works. */
    private readonly ready: string,
  ) {}

  async start(faultPoint?: string): Promise<void> {
    this.#process = this.launch(faultPoint);
    if (this.ready !== '') await this.#process.waitForOutput(this.ready);
  }

  /** How it ended, by itself or by kill(). */
  get ended(): Promise<Ended> {
    return this.#process!.ended;
  }

  /** kill -9; false if it had ended by itself before. */
  async kill(): Promise<boolean> {
    return (await this.#process!.kill('SIGKILL')).signal === 'SIGKILL';
  }
}

export interface BrokerLife {
  readonly url: string;
  readonly life: Life;
}

/** mosquitto without persistence, or the embedded broker: what it had is gone with it. */
export async function brokerLife(scene: Scene): Promise<BrokerLife> {
  const port = await findFreePort();
  const url = `mqtt://127.0.0.1:${port}`;
  if (!hasMosquitto) {
    const program = packagePath('dist/mqtt/broker-process.js');
    const launch = (): TestProcess =>
      new TestProcess(scene, process.execPath, [program, String(port)]);
    return { url, life: new Life('broker', launch, '"url"') };
  }
  // Started by root it becomes the user mosquitto, who must be able to read its file.
  const folder = mkdtempSync(join(tmpdir(), 'linnet-mosquitto-'));
  chmodSync(folder, 0o755);
  scene.defer(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'mosquitto.conf');
  const lines = [`listener ${port} 127.0.0.1`, 'persistence false', 'allow_anonymous true'];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const launch = (): TestProcess =>
    new TestProcess(scene, 'mosquitto', ['-v', '-c', config], { env: { PATH: searchPath } });
  return { url, life: new Life('broker', launch, 'Opening ipv4 listen socket') };
}

/** `path` is aggregator-child as JavaScript; a fault point is "name:count". */
export function aggregatorLife(scene: Scene, path: string, url: string, rounds: number): Life {
  const options = aggregatorOptions(scene.path('store'), url, { rounds });
  const { store, mqtt, round, plan, downlink, descriptor, initialWords } = options;
  const settings: ChildSettings = {
    ...{ store, mqtt, federation, rounds, round, initialWords, ...(downlink && { downlink }) },
    descriptor: [...descriptor],
    plan: { ...plan, classWeights: [...plan.classWeights!] },
  };
  const file = scene.path('settings.json');
  writeFileSync(file, JSON.stringify(settings));
  const launch = (faultPoint = ''): TestProcess =>
    new TestProcess(scene, process.execPath, [path, file], {
      env: { LINNET_FAULT_POINT: faultPoint },
    });
  return new Life('aggregator', launch, '');
}

export function bridgeLife(scene: Scene, url: string, ports: readonly string[]): Life {
  const args = [
    ...['bridge', '--federation', federation, '--mqtt', url],
    ...['--state', scene.path('bridge'), '--port', ...ports],
  ];
  return new Life('bridge', () => startCli(scene, args), '');
}
