import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { packagePath } from '../../host/kernel/load.js';
import { waitFor } from '../mqtt/wait.js';
import type { Scene } from './scene.js';

/** Patience with a loaded machine; nothing waits this long unless it failed. */
export const patienceMs = 40_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A program that runs beside the test, with everything it printed. Its scene kills it if need be. */
export class TestProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #hasEnded = false;

  constructor(scene: Scene, program: string, args: readonly string[], options: StartOptions = {}) {
    const { env = {}, cwd = scene.folder } = options;
    this.#child = spawn(program, args, {
      cwd,
      env: { ...quietEnvironment(scene), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout!.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.#hasEnded = true;
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
    scene.defer(() => this.kill('SIGKILL'));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves when the process and whoever shares its output are gone. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }

  /** Resolves when stdout or stderr contains `text`; fails if the process ends before. */
  async waitForOutput(text: string): Promise<void> {
    const hasIt = (): boolean => (this.#stdout + this.#stderr).includes(text);
    await waitFor(`"${text}"`, () => hasIt() || this.#hasEnded, patienceMs);
    if (!hasIt()) throw new Error(`ended without "${text}":\n${this.#stdout}\n${this.#stderr}`);
  }
}

/** The environment without settings of the developer who runs the tests. */
function quietEnvironment(scene: Scene): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('LINNET_') && !name.startsWith('NODE_OPTIONS'),
  );
  return { ...Object.fromEntries(own), XDG_CONFIG_HOME: scene.folder };
}

/** `linnet ARGS`, as it was built. */
export function startCli(
  scene: Scene,
  args: readonly string[],
  options?: StartOptions,
): TestProcess {
  return new TestProcess(
    scene,
    process.execPath,
    [packagePath('bin/linnet.mjs'), ...args],
    options,
  );
}

export function runCli(
  scene: Scene,
  args: readonly string[],
  options?: StartOptions,
): Promise<Ended> {
  return startCli(scene, args, options).ended;
}

/** The records of NDJSON; throws if a line is anything else. */
export function parseRecords(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function parentOf(pid: string): number | undefined {
  try {
    // The name in parentheses may contain anything; behind it stand the state and the parent.
    const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

/** Live processes below `pid`, from /proc; without one, as outside Linux, none. */
export function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(entry);
    if (parent !== undefined) parents.set(Number(entry), parent);
  }
  const found = [pid];
  for (const ancestor of found)
    for (const [child, parent] of parents) if (parent === ancestor) found.push(child);
  return found.slice(1);
}

export function isAlive(pid: number): boolean {
  return parentOf(String(pid)) !== undefined;
}
