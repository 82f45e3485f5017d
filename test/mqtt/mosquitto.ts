import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SEARCH_PATH = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin`;

/** Whether mosquitto is there; without it a laptop skips and says why, CI fails. */
export const hasMosquitto = ((): boolean => {
  const found = spawnSync('mosquitto', ['-h'], { env: { PATH: SEARCH_PATH } }).error === undefined;
  if (!found && process.env.CI) throw new Error('mosquitto is required in CI and is not installed');
  if (!found) process.stderr.write('skipped: mosquitto is not installed (apt install mosquitto)\n');
  return found;
})();

export interface TestBroker {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const connected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return connected;
}

/** A mosquitto that runs: ended by close(), or killed and started again on the same files. */
export class Mosquitto {
  private constructor(
    private child: ChildProcess,
    private readonly config: string,
    private readonly port: number,
  ) {}

  /** Begins it with a configuration file that makes it listen on `port`. */
  static async start(config: string, port: number): Promise<Mosquitto> {
    return new Mosquitto(await Mosquitto.spawn(config, port), config, port);
  }

  private static async spawn(config: string, port: number): Promise<ChildProcess> {
    const child = spawn('mosquitto', ['-c', config], {
      env: { PATH: SEARCH_PATH },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    while (!(await canConnect(port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto did not start: ${errors}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return child;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async end(name: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.kill(name);
    await exited;
  }

  /** In good order, as an operator does it. */
  async restart(): Promise<void> {
    await this.end('SIGTERM');
    this.child = await Mosquitto.spawn(this.config, this.port);
  }
}

/** Started by root, mosquitto becomes the user mosquitto, who must own what it reads and writes. */
export function giveToMosquitto(folder: string): void {
  if (process.getuid?.() === 0) spawnSync('chown', ['-R', 'mosquitto:', folder]);
}

interface MosquittoOptions {
  readonly port?: number;
  readonly user?: { readonly name: string; readonly password: string };
  /** false: it takes no retained messages. */
  readonly retains?: boolean;
  /** More lines of mosquitto.conf. */
  readonly settings?: readonly string[];
}

/** A mosquitto of one's own on loopback. `user` makes it ask for user:password. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<TestBroker> {
  const port = options.port ?? (await findFreePort());
  const folder = mkdtempSync(join(tmpdir(), 'linnet-mosquitto-'));
  // Started by root it becomes the user mosquitto, who must be able to read its files.
  chmodSync(folder, 0o755);
  const lines = [`listener ${port} 127.0.0.1`, 'persistence false', 'log_type error'];
  lines.push(...(options.settings ?? []));
  if (options.retains === false) lines.push('retain_available false');
  if (options.user) {
    const file = join(folder, 'passwords');
    writeFileSync(file, `${options.user.name}:${options.user.password}\n`);
    spawnSync('mosquitto_passwd', ['-U', file], { env: { PATH: SEARCH_PATH } });
    chmodSync(file, 0o644);
    lines.push('allow_anonymous false', `password_file ${file}`);
  } else {
    lines.push('allow_anonymous true');
  }
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(config, `${lines.join('\n')}\n`);
  const mosquitto = await Mosquitto.start(config, port);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    close: async () => {
      await mosquitto.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
