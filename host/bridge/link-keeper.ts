import { setTimeout as delay } from 'node:timers/promises';
import { LinnetError } from '../contract/error.js';
import { Device, type DeviceHost, type DeviceStats } from '../device/device.js';
import { openLink } from '../link/open.js';
import { backoffMs, type BridgedNodeOptions, type BridgeTiming } from './options.js';
import { addDeviceStats, emptyDeviceStats } from './stats.js';

/** A device that ends this often before its first HELLO will not get better. */
const livesWithoutHello = 3;

export interface LinkOwner extends DeviceHost {
  /** The device answers, and this often has been asked for a sign of life. */
  onTick(): void;
  /** The link is gone and will be opened again. */
  onLost(): Promise<void>;
  log(text: string): void;
}

/** Keeps the link to one device open, and ends it when the device falls silent. */
export class LinkKeeper {
  /** While the link is open. */
  device: Device | undefined;
  reconnects = 0;
  /** Of the device's process. */
  private lastWords: string | undefined;
  /** How the last link was lost. */
  private end = '';
  private past = emptyDeviceStats;
  private hasSaidHello = false;

  constructor(
    private readonly options: BridgedNodeOptions,
    private readonly owner: LinkOwner,
    private readonly timing: BridgeTiming,
    private readonly signal: AbortSignal,
  ) {}

  /** Of all links so far. */
  get stats(): DeviceStats {
    return addDeviceStats(this.past, this.device?.stats ?? emptyDeviceStats);
  }

  /**
   * Until the signal aborts. Rejects if the link cannot be opened at all, or broke several times
   * before the device said its first HELLO.
   */
  async run(): Promise<void> {
    const { port } = this.options;
    for (let lives = 1, failures = 0; !this.signal.aborted; lives++) {
      try {
        const saidHello = await this.runLink();
        this.hasSaidHello ||= saidHello;
        failures = saidHello ? 1 : failures + 1;
      } catch (error) {
        if (lives === 1 && !this.signal.aborted) throw error;
        failures++;
        this.owner.log(`${port}: ${(error as Error).message}`);
      }
      if (this.signal.aborted) break;
      if (!this.hasSaidHello && lives >= livesWithoutHello) {
        throw new LinnetError('ERR_LINK', `${port} ended before it introduced itself`, {
          remedy: `see its last words: ${this.lastWords ?? `none, ${this.end}`}`,
        });
      }
      this.reconnects++;
      await this.pause(backoffMs(this.timing, failures));
    }
  }

  /** One life of the link, from opening to closing; true if the device introduced itself in it. */
  private async runLink(): Promise<boolean> {
    const { port, baudRate } = this.options;
    const link = await openLink(port, {
      ...(baudRate !== undefined && { baudRate }),
      onLog: (line) => {
        this.lastWords = line;
        this.owner.log(line);
      },
    });
    const closed = new Promise<string>((resolve) => link.onClose(resolve));
    const device = new Device(link, this.owner, this.timing.peer);
    this.device = device;
    const stop = (): void => void device.close();
    this.signal.addEventListener('abort', stop, { once: true });
    try {
      this.end = await Promise.race([closed, this.watch(device)]);
      if (!this.signal.aborted) this.owner.log(`lost ${link.description}: ${this.end}`);
    } finally {
      this.signal.removeEventListener('abort', stop);
      this.past = addDeviceStats(this.past, device.stats);
      this.device = undefined;
      await device.close();
    }
    if (!this.signal.aborted) await this.owner.onLost();
    return device.hello !== undefined;
  }

  /** Resolves when the device stays silent. One that was not introduced yet is left in peace. */
  private async watch(device: Device): Promise<string> {
    const isCurrent = (): boolean => this.device === device && !this.signal.aborted;
    while (isCurrent()) {
      await this.pause(this.timing.pingMs);
      if (!isCurrent() || !device.hello) continue;
      try {
        await device.ping();
        this.owner.onTick();
      } catch (error) {
        if (error instanceof LinnetError && error.code === 'ERR_TIMEOUT') return error.message;
      }
    }
    return 'stopped';
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.signal }).catch(() => undefined);
  }
}
