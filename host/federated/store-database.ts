/**
 * The ledger's SQLite file: opened, locked and checked before anything reads it. A transaction that
 * has returned survives a power cut: write-ahead log, synchronous=FULL.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { LinnetError } from '../contract/error.js';

/** "LNNL" in the file header says whose database this is. */
const APPLICATION_ID = 0x4c4e4e4c;
/** Version of the tables below. */
const SCHEMA_VERSION = 5;

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
    master        BLOB NOT NULL,     -- int32 [P], Q16.16; empty beyond the horizon
    moments       BLOB NOT NULL,     -- int64 [P] each, what the strategy remembers beside the master
    announcement  BLOB NOT NULL,     -- byte for byte as published
    strategy      TEXT NOT NULL,
    contributions INTEGER NOT NULL,
    weight        INTEGER NOT NULL,
    uplink_bytes  INTEGER NOT NULL,
    degraded      INTEGER NOT NULL,
    event          TEXT NOT NULL,    -- what made it
    base           INTEGER,          -- version whose master it is recomputed from
    retracted_node TEXT,             -- with retract: whose uploads are left out
    retracted_from INTEGER,          -- accepted while this version was open, or a later one
    digest         BLOB NOT NULL     -- digestOf() of the row as it was written
  ) STRICT;

  -- An accepted upload. The sums of the open version are the sums of its rows.
  CREATE TABLE uploads (
    sequence     INTEGER PRIMARY KEY,
    version      INTEGER NOT NULL REFERENCES versions, -- it was trained from
    open_version INTEGER NOT NULL REFERENCES versions, -- when it was accepted
    node         TEXT NOT NULL,
    contribution INTEGER NOT NULL,
    hash         BLOB NOT NULL,      -- SHA-256 of the envelope
    envelope     BLOB NOT NULL,      -- byte for byte as received
    retracted    INTEGER,            -- first version made without it
    UNIQUE (version, node, contribution)
  ) STRICT;

  CREATE INDEX uploads_of_round ON uploads (open_version, sequence);

  -- Who vouches for a version. One without is of an aggregator without a round key, or not signed yet.
  CREATE TABLE proofs (
    version INTEGER PRIMARY KEY REFERENCES versions,
    proof   BLOB NOT NULL            -- byte for byte as published
  ) STRICT;

  -- What the round of an accepted upload cost its node, as its bridge counted.
  CREATE TABLE traffic (
    version      INTEGER NOT NULL,
    node         TEXT NOT NULL,
    payload_up   INTEGER NOT NULL,
    payload_down INTEGER NOT NULL,
    link_up      INTEGER NOT NULL,
    link_down    INTEGER NOT NULL,
    mqtt_up      INTEGER NOT NULL,
    mqtt_down    INTEGER NOT NULL,
    PRIMARY KEY (version, node)
  ) STRICT;
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
function lockStore(folder: string, remedy: string): Database.Database {
  const holder = join(folder, 'holder');
  const lock = new Database(join(folder, 'lock'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    const process = readIfThere(holder);
    throw storeError(
      `${folder} is in use by another aggregator${process ? ` (process ${process})` : ''}`,
      error,
      remedy,
    );
  }
  try {
    writeFileSync(holder, String(process.pid));
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
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
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}

/** Runs `action` in a transaction: all of it is durable when this returns, or nothing of it happened. */
export function inTransaction<T>(database: Database.Database, action: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = action();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk has ended the transaction already; the error to show is the first one.
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function createSchema(database: Database.Database): void {
  database.pragma('journal_mode = WAL');
  inTransaction(database, () => {
    database.exec(SCHEMA);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  });
}

/** Creates the tables in an empty file; refuses a file that is not a ledger this code can read. */
function prepareSchema(database: Database.Database, path: string, use: StoreUse): void {
  if (use === 'create' && isEmpty(database) && readPragma(database, 'application_id') === 0) {
    createSchema(database);
  }
  if (readPragma(database, 'application_id') !== APPLICATION_ID) {
    throw storeError(`${path} is a database of something else`, undefined, 'choose another store');
  }
  const schema = readPragma(database, 'user_version') as number;
  if (schema !== SCHEMA_VERSION) {
    throw storeError(
      `${path} has the schema ${schema}, this release knows ${SCHEMA_VERSION}`,
      undefined,
      'use the release that wrote it or choose another store',
    );
  }
  database.pragma('synchronous = FULL');
  const damage = readPragma(database, 'integrity_check');
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

/** create: an aggregator; change: a command on a store that exists; read: beside whoever uses it. */
export type StoreUse = 'create' | 'change' | 'read';

const lockRemedies = {
  create: 'stop it or give this one a store of its own',
  change: 'stop it, give the command again and start it',
};

function lockFor(folder: string, use: StoreUse): Database.Database | undefined {
  return use === 'read' ? undefined : lockStore(folder, lockRemedies[use]);
}

/** Everything that is read is as of now, whatever an aggregator writes meanwhile. */
function freeze(database: Database.Database): void {
  database.pragma('query_only = 1');
  database.exec('BEGIN');
  isEmpty(database);
}

/**
 * Opens the ledger of a store; `create` makes folder and file if they are absent. Throws ERR_STORE if it
 * is locked, damaged, of another program or of another release.
 */
export function openStoreDatabase(folder: string, use: StoreUse = 'create'): StoreDatabase {
  return inStore(`the store ${folder}`, () => {
    const path = join(folder, 'ledger.db');
    if (use === 'create') mkdirSync(folder, { recursive: true });
    else if (!existsSync(path)) {
      throw storeError(`${folder} is no store`, undefined, 'name the folder of an aggregator');
    }
    const lock = lockFor(folder, use);
    let database: Database.Database | undefined;
    try {
      database = new Database(path);
      prepareSchema(database, path, use);
      if (use === 'read') freeze(database);
    } catch (error) {
      database?.close();
      lock?.close();
      throw error;
    }
    const opened = database;
    return {
      database: opened,
      close: () => {
        if (!opened.open) return;
        if (use !== 'read') checkpoint(opened);
        opened.close();
        lock?.close();
      },
    };
  });
}
