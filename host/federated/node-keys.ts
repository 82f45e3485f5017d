/** The keys of nodes, as the aggregator has them. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { federationKey } from '../contract/authentic.js';
import { LinnetError } from '../contract/error.js';
import { keySuffix, readKey } from '../contract/node-key.js';

export interface NodeKeys {
  /** Nodes that have a key now. */
  nodes(): readonly string[];
  /** A node's key in the federation; undefined if it has none, or none any more. */
  find(node: string): Uint8Array | undefined;
  /** No key comes or goes, so nobody has to look. */
  readonly areFixed?: true;
}

/** A change right after another may not show in the file system's clock: the folder is read again. */
const GRAIN_MS = 100;

/** How long the folder is not looked at again: a system call for every upload would be a tenth of all work on it. */
const LOOK_MS = 10;

/** A folder of NODE.key; what comes and goes there counts within LOOK_MS. */
export class KeyFolder implements NodeKeys {
  private known = new Map<string, Uint8Array | undefined>();
  /** As the file system has it. */
  private changedMs = -1;
  /** When that was noticed, and when the folder was read and looked at last. */
  private noticedMs = 0;
  private readMs = 0;
  private lookedMs = -Infinity;

  /** Throws ERR_USAGE if there is no such folder. */
  constructor(
    private readonly folder: string,
    private readonly federation: string,
  ) {
    this.refresh();
  }

  nodes(): readonly string[] {
    this.refresh();
    return [...this.known.keys()];
  }

  find(node: string): Uint8Array | undefined {
    this.refresh();
    if (!this.known.has(node)) return undefined;
    const found = this.known.get(node) ?? this.read(node);
    this.known.set(node, found);
    return found;
  }

  private read(node: string): Uint8Array {
    return federationKey(readKey(join(this.folder, node + keySuffix)), this.federation, node);
  }

  private refresh(): void {
    const nowMs = performance.now();
    if (nowMs - this.lookedMs < LOOK_MS) return;
    try {
      const { mtimeMs } = statSync(this.folder);
      this.lookedMs = nowMs;
      if (mtimeMs !== this.changedMs) this.noticedMs = nowMs;
      else if (this.readMs - this.noticedMs > GRAIN_MS) return;
      this.readMs = nowMs;
      const files = readdirSync(this.folder).filter((file) => file.endsWith(keySuffix));
      this.known = new Map(files.map((file) => [file.slice(0, -keySuffix.length), undefined]));
      this.changedMs = mtimeMs;
    } catch (error) {
      throw new LinnetError('ERR_USAGE', `the keys in ${this.folder} cannot be read`, {
        remedy: 'give the folder keys/ of the fleet, readable for this user',
        source: error,
      });
    }
  }
}
