/** What a bridge has seen of a federation's proofs, so that nothing older passes (SPEC, 8.3). */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LinnetError } from '../contract/error.js';
import { toHex } from '../contract/hash.js';
import { putFile } from '../durable/files.js';
import { comparePositions, type Position } from '../proof/proof.js';

/** The highest of a model. */
interface SeenModel extends Position {
  /** SHA-256 of its announcement, hex. */
  readonly announcement: string;
}

interface SeenState {
  /** The highest serial and its round key, hex. */
  readonly serial: number;
  readonly roundKey: string;
  /** By model id, hex. */
  readonly models: Readonly<Record<string, SeenModel>>;
}

/** An announcement with a proof that holds; hashes in hex. */
export interface SeenProof extends SeenModel {
  readonly model: string;
  /** SHA-256 of the announcement before it, if it has a parent. */
  readonly parent?: string;
  readonly serial: number;
  readonly roundKey: string;
}

const nothing: SeenState = { serial: 0, roundKey: '', models: {} };

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isState(value: unknown): value is SeenState {
  const { serial, roundKey, models } = value as Partial<Record<keyof SeenState, unknown>>;
  if (!isCount(serial) || typeof roundKey !== 'string') return false;
  if (typeof models !== 'object' || models === null) return false;
  return Object.values(models as Record<string, Partial<SeenModel>>).every(
    ({ epoch, version, announcement }) =>
      isCount(epoch) && isCount(version) && typeof announcement === 'string',
  );
}

function readState(path: string): SeenState {
  if (!existsSync(path)) return nothing;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
    if (isState(value)) return value;
  } catch (error) {
    value = error;
  }
  throw new LinnetError('ERR_CONFIG', `${path} is damaged`, {
    remedy: 'restore it; without it an older announcement passes once more',
    source: value,
  });
}

/** A process that is killed, or a loss of power, leaves the state before or the new one. */
function writeState(path: string, state: SeenState): void {
  try {
    const text = `${JSON.stringify(state, null, 2)}\n`;
    putFile(path, new TextEncoder().encode(text), { draft: `${path}.new` });
  } catch (error) {
    throw new LinnetError('ERR_STORE', `${path} cannot be written: ${(error as Error).message}`, {
      remedy: 'make room for it: no announcement passes before it is remembered',
      source: error,
    });
  }
}

export type Refusal =
  /** Of the past: it may be late, or played again. */
  | 'old'
  /** Signed twice, or by two. */
  | 'contradiction';

/** Memory of one federation, in a folder that is this bridge's alone, or gone with the process. */
export class Seen {
  private readonly path: string | undefined;
  private state: SeenState;

  /** Throws ERR_CONFIG for a file that is damaged. */
  constructor(federation: string, folder?: string) {
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
    this.path = folder === undefined ? undefined : join(folder, `seen-${federation}.json`);
    this.state = this.path === undefined ? nothing : readState(this.path);
  }

  /** Why an announcement does not follow what was seen: cause and kind, undefined if it does. */
  judge(proof: SeenProof): { readonly kind: Refusal; readonly cause: string } | undefined {
    const { serial, roundKey, models } = this.state;
    const { version } = proof;
    if (proof.serial < serial) {
      const cause = `version ${version} is signed under delegation ${proof.serial}, the newest seen is ${serial}`;
      return { kind: 'old', cause };
    }
    if (proof.serial === serial && proof.roundKey !== roundKey) {
      return { kind: 'contradiction', cause: `delegation ${serial} was given to two round keys` };
    }
    const newest = models[proof.model];
    if (newest === undefined) return undefined;
    const order = comparePositions(proof, newest);
    if (order < 0) {
      const cause = `version ${version} comes after version ${newest.version} was seen`;
      return { kind: 'old', cause };
    }
    if (order === 0 && proof.announcement !== newest.announcement) {
      return { kind: 'contradiction', cause: `there are two versions ${version}` };
    }
    const isNext = proof.epoch === newest.epoch && version === newest.version + 1;
    if (isNext && proof.parent !== newest.announcement) {
      const cause = `version ${version} follows another version ${newest.version} than was seen`;
      return { kind: 'contradiction', cause };
    }
    return undefined;
  }

  /** Durable on return. Throws ERR_STORE if it cannot be. */
  remember({ model, epoch, version, announcement, serial, roundKey }: SeenProof): void {
    const known = this.state.models[model];
    if (known?.announcement === announcement && this.state.serial === serial) return;
    const models = { ...this.state.models, [model]: { epoch, version, announcement } };
    const state = { serial, roundKey, models };
    if (this.path !== undefined) writeState(this.path, state);
    this.state = state;
  }
}

/** Of a proof that was checked, what the memory is about. */
export function seenProofOf(
  model: string,
  position: Position,
  hashes: { announcement: Uint8Array; parent?: Uint8Array | undefined },
  delegation: { serial: number; key: Uint8Array },
): SeenProof {
  return {
    ...{ model, ...position, serial: delegation.serial, roundKey: toHex(delegation.key) },
    announcement: toHex(hashes.announcement),
    ...(hashes.parent && { parent: toHex(hashes.parent) }),
  };
}
