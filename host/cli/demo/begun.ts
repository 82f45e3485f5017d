/** What a demonstration was begun with: going on with anything else would mix two of them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf } from '../../contract/bytes.js';
import { LinnetError } from '../../contract/error.js';
import { sha256, toHex } from '../../contract/hash.js';
import type { Dataset } from '../../data/dataset.js';

/** Flags and what they stand for. */
export interface Beginning {
  readonly nodes: number;
  readonly seed: number;
  /** Fingerprint of the samples. */
  readonly data: string;
  /** Part of each node's samples that it tests on. */
  readonly testShare: number;
}

const file = 'demo.json';

/** Changes with every sample, label, subject and split. */
export function fingerprintOf(dataset: Dataset): string {
  const shape = new TextEncoder().encode(
    JSON.stringify([dataset.steps, dataset.channels, dataset.classNames]),
  );
  const parts = [shape, bytesOf(dataset.x), dataset.label, bytesOf(dataset.subject), dataset.split];
  return toHex(sha256(Uint8Array.from(parts.flatMap((part) => [...sha256(part)]))));
}

function readBeginning(path: string): Partial<Beginning> {
  try {
    // Older folders do not say it.
    return { testShare: 0, ...(JSON.parse(readFileSync(path, 'utf8')) as Partial<Beginning>) };
  } catch (error) {
    throw new LinnetError('ERR_CONFIG', `${path} cannot be read`, {
      remedy: 'name another folder with --out',
      source: error,
    });
  }
}

function describe(name: string, value: unknown): string {
  if (name === 'data') return 'other --data';
  if (name === 'testShare')
    return `nodes that ${value === 0 ? 'do not score' : 'score'} (--node-scores, --personal-layers, --fine-tune)`;
  return `--${name} ${String(value)}`;
}

/**
 * Notes in the folder what is begun there. Throws ERR_CONFIG, naming the flag, if it was begun with
 * something else.
 */
export function begin(folder: string, beginning: Beginning): void {
  const path = join(folder, file);
  if (!existsSync(path)) {
    writeFileSync(path, `${JSON.stringify(beginning)}\n`);
    return;
  }
  const before = readBeginning(path);
  for (const [name, value] of Object.entries(beginning)) {
    const was: unknown = before[name as keyof Beginning];
    if (was === value) continue;
    throw new LinnetError('ERR_CONFIG', `${folder} was begun with ${describe(name, was)}`, {
      remedy: 'give the same, or another folder with --out',
    });
  }
}
