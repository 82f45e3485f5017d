import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LinnetError } from '../contract/error.js';
import { equalBytes, sha256, toHex } from '../contract/hash.js';
import { putFile } from '../durable/files.js';
import { noFaults, type FaultPoint } from './fault-point.js';
import { inStore, storeError } from './store-database.js';

const UNFINISHED = '.unfinished';

/** Files named by the SHA-256 of their bytes: whole and durable, or not there. */
export class ObjectStore {
  readonly #folder: string;
  readonly #faultPoint: FaultPoint;

  /** Creates the folder if it is absent and removes what a crash left half written. */
  constructor(folder: string, faultPoint: FaultPoint = noFaults) {
    this.#folder = folder;
    this.#faultPoint = faultPoint;
    inStore(`the objects in ${folder}`, () => {
      mkdirSync(folder, { recursive: true });
      for (const name of readdirSync(folder))
        if (name.endsWith(UNFINISHED)) rmSync(join(folder, name));
    });
  }

  /** Writes bytes unless they are there already; returns their SHA-256. Durable on return. */
  put(bytes: Uint8Array): Uint8Array {
    const hash = sha256(bytes);
    const path = join(this.#folder, toHex(hash));
    inStore(`write ${path}`, () => {
      if (existsSync(path) && equalBytes(sha256(readFileSync(path)), hash)) return;
      putFile(path, bytes, {
        draft: path + UNFINISHED,
        beforeRename: () => this.#faultPoint('before-object-rename'),
      });
    });
    return hash;
  }

  /** Throws ERR_STORE if the object is absent or its bytes are not what its name says. */
  read(hash: Uint8Array): Uint8Array {
    return readObject(this.#folder, hash);
  }
}

/** As ObjectStore.read(), of a folder that another process writes to. */
export function readObject(folder: string, hash: Uint8Array): Uint8Array {
  const path = join(folder, toHex(hash));
  const bytes = inStore(`read ${path}`, () => new Uint8Array(readFileSync(path)));
  if (!equalBytes(sha256(bytes), hash)) throw storeError(`${path} is damaged`);
  return bytes;
}

/** The object, undefined if it is lost or damaged. */
export function findObject(
  objects: Pick<ObjectStore, 'read'>,
  hash: Uint8Array,
): Uint8Array | undefined {
  try {
    return objects.read(hash);
  } catch (error) {
    if (error instanceof LinnetError) return undefined;
    throw error;
  }
}
