import type Database from 'libsql';
import { LinnetError } from '../contract/error.js';
import { equalBytes, toHex } from '../contract/hash.js';
import {
  inStore,
  inTransaction,
  openStoreDatabase,
  storeError,
  type StoreDatabase,
} from './store-database.js';
import {
  digestOf,
  metaColumns,
  readBlob,
  readText,
  readTraffic,
  readUpload,
  readUploadKey,
  readVersion,
  trafficColumns,
  uploadColumns,
  uploadKeyColumns,
  versionColumns,
  type Retraction,
  type Row,
  type TrafficRow,
  type UploadKey,
  type UploadRow,
  type VersionEvent,
  type VersionRow,
} from './ledger-rows.js';
import { ProofTable } from './proof-table.js';

export type { Retraction, TrafficRow, UploadRow, VersionEvent, VersionRow } from './ledger-rows.js';

/** Whose ledger it is; a store never changes hands. */
export interface LedgerIdentity {
  readonly federation: string;
  /** SHA-256 of the descriptor. */
  readonly model: Uint8Array;
}

/**
 * What the aggregator may not forget: every accepted upload and every published version. Each
 * method is one transaction, durable when it returns, and throws ERR_STORE if it cannot be.
 */
export class Ledger {
  readonly proofs: ProofTable;
  readonly #store: StoreDatabase;
  readonly #database: Database.Database;

  private constructor(store: StoreDatabase) {
    this.#store = store;
    this.#database = store.database;
    this.proofs = new ProofTable(store.database);
  }

  /** Opens or creates the ledger in `folder`; throws ERR_STORE if it belongs to another identity. */
  static open(folder: string, identity?: LedgerIdentity): Ledger {
    const store = openStoreDatabase(folder);
    const ledger = new Ledger(store);
    try {
      if (identity) ledger.#claim(folder, identity);
    } catch (error) {
      store.close();
      throw error;
    }
    return ledger;
  }

  /** Opens the ledger of a store that exists, to change it alone or to read it beside its user. */
  static openExisting(folder: string, use: 'change' | 'read'): Ledger {
    return new Ledger(openStoreDatabase(folder, use));
  }

  /** Whose ledger it is. */
  get identity(): LedgerIdentity {
    const [federation, model] = ['federation', 'model'].map((key) => this.#readMeta(key));
    if (federation === undefined || model === undefined) {
      throw storeError('the store has no model yet', undefined, 'start its aggregator first');
    }
    return { federation, model: new Uint8Array(Buffer.from(model, 'hex')) };
  }

  #claim(folder: string, { federation, model }: LedgerIdentity): void {
    for (const [key, value] of Object.entries({ federation, model: toHex(model) })) {
      const known = this.#readMeta(key);
      if (known === undefined) this.#writeMeta(key, value);
      else if (known !== value) {
        throw storeError(
          `the store ${folder} belongs to the ${key} ${known}, not ${value}`,
          undefined,
          'choose another store',
        );
      }
    }
  }

  #readMeta(key: string): string | undefined {
    return inStore('read the ledger', () => {
      const select = `SELECT ${metaColumns} FROM meta WHERE key = ?`;
      const row = this.#database.prepare(select).get(key) as Row | undefined;
      return row && readText(row['value']);
    });
  }

  #writeMeta(key: string, value: string): void {
    inStore('write the ledger', () =>
      this.#database
        .prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
        .run(key, value),
    );
  }

  /** Counts one more start of the aggregator: 1 for the first. */
  countStart(): number {
    const starts = Number(this.#readMeta('starts') ?? 0) + 1;
    this.#writeMeta('starts', String(starts));
    return starts;
  }

  /** Keeps and returns the epoch of the announcements to come. Throws ERR_CONFIG if it was greater. */
  raiseEpoch(wanted: number | undefined): number {
    const known = Number(this.#readMeta('epoch') ?? 0);
    if (wanted === undefined || wanted === known) return known;
    if (wanted < known) {
      throw new LinnetError('ERR_CONFIG', `the epoch is ${wanted}, the store was in ${known}`, {
        remedy: `give at least ${known}, or none to stay there`,
      });
    }
    this.#writeMeta('epoch', String(wanted));
    return wanted;
  }

  /** Adds uploads, and what rounds cost whose uploads are there; all or none. */
  addUploads(uploads: readonly UploadRow[], traffic: readonly TrafficRow[] = []): void {
    const insert = `INSERT INTO uploads (version, open_version, node, contribution, hash, envelope)
       VALUES (?,?,?,?,?,?)`;
    inStore('write the ledger', () => {
      const statement = this.#database.prepare(insert);
      inTransaction(this.#database, () => {
        for (const { version, openVersion, node, contribution, hash, envelope } of uploads)
          statement.run(
            ...[version, openVersion, node, contribution],
            ...[Buffer.from(hash), Buffer.from(envelope)],
          );
        this.#putTraffic(traffic);
      });
    });
  }

  /** The last word of a bridge counts. */
  #putTraffic(rows: readonly TrafficRow[]): void {
    if (rows.length === 0) return;
    const insert = this.#database.prepare(
      `INSERT OR REPLACE INTO traffic SELECT ?1,?2,?3,?4,?5,?6,?7,?8
       WHERE EXISTS (SELECT 1 FROM uploads WHERE version = ?1 AND node = ?2)`,
    );
    for (const { version, node, traffic } of rows) {
      const { payloadUp, payloadDown, linkUp, linkDown, mqttUp, mqttDown } = traffic;
      insert.run(version, node, payloadUp, payloadDown, linkUp, linkDown, mqttUp, mqttDown);
    }
  }

  /** What the nodes' rounds on a version cost, as far as their bridges have told; by node. */
  trafficOf(version: number): TrafficRow[] {
    const select = `SELECT ${trafficColumns} FROM traffic WHERE version = ? ORDER BY node`;
    return inStore('read the ledger', () =>
      (this.#database.prepare(select).all(version) as Row[]).map(readTraffic),
    );
  }

  /** SHA-256 of the upload accepted under this key. */
  findUpload(version: number, node: string, contribution: number): Uint8Array | undefined {
    const select =
      'SELECT CAST(hash AS BLOB) AS hash FROM uploads WHERE version = ? AND node = ? AND contribution = ?';
    return inStore('read the ledger', () => {
      const row = this.#database.prepare(select).get(version, node, contribution) as
        Row | undefined;
      return row && readBlob(row['hash']);
    });
  }

  /** The uploads that were accepted while a version was open, in this order. */
  *uploadsOf(version: number): Generator<UploadRow> {
    const select = `SELECT ${uploadColumns} FROM uploads WHERE open_version = ? AND sequence > ? ORDER BY sequence LIMIT 1`;
    const statement = inStore('read the ledger', () => this.#database.prepare(select));
    let row: Row | undefined;
    for (let last = -1; ; last = row['sequence'] as number) {
      row = inStore('read the ledger', () => statement.get(version, last) as Row | undefined);
      if (row === undefined) return;
      const found = row;
      yield inStore('read the ledger', () => readUpload(found));
    }
  }

  /**
   * Adds a version, marks the uploads that it retracts, and forgets the uploads accepted before
   * version `horizon` was open and the masters of these versions, in one transaction.
   */
  addVersion(row: VersionRow, horizon = 0): void {
    inStore('write the ledger', () =>
      inTransaction(this.#database, () => {
        this.#insertVersion(row);
        if (row.retraction) this.#markRetracted(row.version, row.retraction);
        this.#prune(horizon);
      }),
    );
  }

  #prune(horizon: number): void {
    if (horizon <= this.oldestMaster()) return;
    this.#database.prepare('DELETE FROM uploads WHERE open_version < ?').run(horizon);
    this.#database.prepare('DELETE FROM traffic WHERE version < ?').run(horizon);
    this.#database
      .prepare(
        "UPDATE versions SET master = x'', moments = x'' WHERE version < ? AND length(master) > 0",
      )
      .run(horizon);
  }

  #insertVersion(row: VersionRow): void {
    this.#database
      .prepare('INSERT INTO versions VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)')
      .run(
        row.version,
        row.parent ?? null,
        Buffer.from(row.artefact),
        Buffer.from(row.master),
        Buffer.from(row.moments),
        Buffer.from(row.announcement),
        row.strategy,
        row.contributions,
        row.weight,
        row.uplinkBytes,
        row.isDegraded ? 1 : 0,
        row.event,
        row.base ?? null,
        row.retraction?.node ?? null,
        row.retraction?.from ?? null,
        Buffer.from(digestOf(row)),
      );
  }

  #markRetracted(version: number, { node, from }: Retraction): void {
    const update =
      'UPDATE uploads SET retracted = ? WHERE node = ? AND open_version >= ? AND open_version < ? AND retracted IS NULL';
    this.#database.prepare(update).run(version, node, from, version);
  }

  /** The uploads that were accepted while a version was open, without their envelopes. */
  marksOf(version: number): UploadKey[] {
    const select = `SELECT ${uploadKeyColumns} FROM uploads WHERE open_version = ? ORDER BY sequence`;
    return inStore('read the ledger', () =>
      (this.#database.prepare(select).all(version) as Row[]).map(readUploadKey),
    );
  }

  /** Whether there is any upload of this node. */
  knowsNode(node: string): boolean {
    return inStore('read the ledger', () => {
      const select = 'SELECT 1 FROM uploads WHERE node = ? LIMIT 1';
      return this.#database.prepare(select).get(node) !== undefined;
    });
  }

  /** Every retraction with the version it made, oldest first. */
  retractions(): (Retraction & { readonly version: number })[] {
    return this.#operatorRows('retract').map(({ version, retraction }) => ({
      version,
      ...retraction!,
    }));
  }

  /** Versions an operator made and their bases, newest first. */
  operatorVersions(): { readonly version: number; readonly base: number }[] {
    const rows = [...this.#operatorRows('retract'), ...this.#operatorRows('rollback')];
    return rows
      .map(({ version, base }) => ({ version, base: base! }))
      .sort((a, b) => b.version - a.version);
  }

  /** Oldest first. */
  #operatorRows(event: VersionEvent): VersionRow[] {
    const select = `SELECT ${versionColumns} FROM versions WHERE event = ? ORDER BY version`;
    return inStore('read the ledger', () =>
      (this.#database.prepare(select).all(event) as Row[]).map(readVersion),
    );
  }

  /** How many of the versions were made by a round. */
  countRounds(): number {
    return inStore('read the ledger', () => {
      const select = "SELECT count(*) AS rounds FROM versions WHERE event = 'round'";
      return (this.#database.prepare(select).get() as Row)['rounds'] as number;
    });
  }

  /** Oldest version whose master is there. */
  oldestMaster(): number {
    const select = 'SELECT version FROM versions WHERE length(master) > 0 ORDER BY version LIMIT 1';
    return inStore('read the ledger', () => {
      const row = this.#database.prepare(select).get() as Row | undefined;
      return (row?.['version'] as number | undefined) ?? 0;
    });
  }

  findVersion(version: number): VersionRow | undefined {
    return inStore('read the ledger', () => {
      const row = this.#rowOf(version);
      return row && readVersion(row);
    });
  }

  #rowOf(version: number): Row | undefined {
    const select = `SELECT ${versionColumns} FROM versions WHERE version = ?`;
    return this.#database.prepare(select).get(version) as Row | undefined;
  }

  /** Whether a version is as it was written. Its digest does not know that its master was pruned. */
  isWhole(version: number): boolean {
    return inStore('read the ledger', () => {
      const row = this.#rowOf(version);
      if (row === undefined) return false;
      const found = readVersion(row);
      const { digest } = row;
      const isUnknown = found.master.length === 0 || digest === null;
      return isUnknown || equalBytes(readBlob(digest), digestOf(found));
    });
  }

  /** A version that is there and as it was written, or ERR_STORE. */
  readWhole(version: number): VersionRow {
    const row = this.findVersion(version);
    if (row && this.isWhole(version)) return row;
    throw storeError(
      `version ${version} in the ledger is ${row ? 'damaged' : 'missing'}`,
      undefined,
      'restore a copy of the store; `linnet replay --all` says what has changed',
    );
  }

  /** Number of the newest version; undefined in a new ledger. */
  newestVersion(): number | undefined {
    return inStore('read the ledger', () => {
      const row = this.#database
        .prepare('SELECT max(version) AS newest FROM versions')
        .get() as Row;
      return (row['newest'] as number | null) ?? undefined;
    });
  }

  close(): void {
    this.#store.close();
  }
}
