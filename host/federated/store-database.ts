/**
 * The ledger's SQLite file: opened, locked and checked before anything reads it. A transaction that
 * has returned survives a power cut: write-ahead log, synchronous=FULL.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { LinnetError } from '../contract/error.js';

/** "LNNL" in the file header says whose database this is. */
const APPLICATION_ID = 0x4c4e4e4c;
/** Version of the tables below. */
const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;

  -- A published model version: the model, and what made it of its parent.
  CREATE TABLE versions (
    version       INTEGER PRIMARY KEY,
    parent        INTEGER,
    artefact      BLOB NOT NULL,     -- SHA-256 of the snapshot
    master        BLOB NOT NULL,     -- int32 [P], Q16.16
    announcement  BLOB NOT NULL,     -- byte for byte as published
    strategy      TEXT NOT NULL,
    contributions INTEGER NOT NULL,
    weight        INTEGER NOT NULL,
    uplink_bytes  INTEGER NOT NULL,
    degraded      INTEGER NOT NULL
  ) STRICT;

  -- An accepted upload. The sums of the open version are the sums of its rows.
  CREATE TABLE uploads (
    sequence     INTEGER PRIMARY KEY,
    version      INTEGER NOT NULL REFERENCES versions,
    node         TEXT NOT NULL,
    contribution INTEGER NOT NULL,
    hash         BLOB NOT NULL,      -- SHA-256 of the envelope
    envelope     BLOB NOT NULL,      -- byte for byte as received
    UNIQUE (version, node, contribution)
  ) STRICT;

  CREATE INDEX uploads_of_version ON uploads (version, sequence);
`;

export function storeError(cause: string, source?: unknown, remedy?: string): LinnetError {
  return new LinnetError('ERR_STORE', cause, {
    ...(source !== undefined && { source }),
    ...(remedy !== undefined && { remedy }),
  });
}

/** Runs `action`; whatever the database throws becomes ERR_STORE with `what` in front. */
export function inStore<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof LinnetError) throw error;
    throw storeError(`${what}: ${(error as Error).message}`, error);
  }
}

/**
 * A lock the operating system gives back when the process dies, however it dies: an exclusive
 * transaction on an empty database beside the ledger, which itself stays readable for tools.
 */
function lockStore(folder: string): Database.Database {
  const holder = join(folder, 'holder');
  const lock = new Database(join(folder, 'lock'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    const process = readIfThere(holder);
    throw storeError(
      `${folder} is in use by another aggregator${process ? ` (process ${process})` : ''}`,
      error,
      'stop it or give this one a store of its own',
    );
  }
  writeFileSync(holder, String(process.pid));
  return lock;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readPragma(database: Database.Database, name: string): unknown {
  const rows = database.pragma(name) as Record<string, unknown>[];
  return rows[0]?.[name];
}

function isEmpty(database: Database.Database): boolean {
  return database.prepare('SELECT name FROM sqlite_schema LIMIT 1').get() === undefined;
}

/** Creates the tables in an empty file; refuses a file that is not a ledger this code can read. */
function prepareSchema(database: Database.Database, path: string): void {
  if (isEmpty(database) && readPragma(database, 'application_id') === 0) {
    database.pragma('journal_mode = WAL');
    database.transaction(() => {
      database.exec(SCHEMA);
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${SCHEMA_VERSION}`);
    })();
  }
  if (readPragma(database, 'application_id') !== APPLICATION_ID) {
    throw storeError(`${path} is a database of something else`, undefined, 'choose another store');
  }
  const schema = readPragma(database, 'user_version');
  if (schema !== SCHEMA_VERSION) {
    throw storeError(
      `${path} has the schema ${String(schema)}, this release knows ${SCHEMA_VERSION}`,
      undefined,
      'use the release that wrote it or choose another store',
    );
  }
  database.pragma('synchronous = FULL');
  const damage = readPragma(database, 'quick_check');
  if (damage !== 'ok') {
    throw storeError(
      `${path} is damaged (${String(damage)})`,
      undefined,
      'restore a copy or begin with an empty store',
    );
  }
}

/** libsql leaves the log beside the file when it closes; emptied, the file alone is a whole copy. */
function checkpoint(database: Database.Database): void {
  try {
    database.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // On a full disk the log stays, and the next start reads it.
  }
}

export interface StoreDatabase {
  readonly database: Database.Database;
  close(): void;
}

/**
 * Opens the ledger of a store, creating folder and file if they are absent. Throws ERR_STORE if it
 * is locked, damaged, of another program or of another release.
 */
export function openStoreDatabase(folder: string): StoreDatabase {
  return inStore(`the store ${folder}`, () => {
    mkdirSync(folder, { recursive: true });
    const lock = lockStore(folder);
    let database: Database.Database | undefined;
    try {
      const path = join(folder, 'ledger.db');
      database = new Database(path);
      prepareSchema(database, path);
    } catch (error) {
      database?.close();
      lock.close();
      throw error;
    }
    const opened = database;
    return {
      database: opened,
      close: () => {
        if (!opened.open) return;
        checkpoint(opened);
        opened.close();
        lock.close();
      },
    };
  });
}
