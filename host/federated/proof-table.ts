import type Database from 'libsql';
import { readBlob, type Row } from './ledger-rows.js';
import { inStore } from './store-database.js';

/** The proof of each version that was signed. Each method is one transaction, durable when it returns. */
export class ProofTable {
  constructor(private readonly database: Database.Database) {}

  find(version: number): Uint8Array | undefined {
    const select = 'SELECT CAST(proof AS BLOB) AS proof FROM proofs WHERE version = ?';
    return inStore('read the ledger', () => {
      const row = this.database.prepare(select).get(version) as Row | undefined;
      return row && readBlob(row['proof']);
    });
  }

  /** The newest version that has one. */
  newest(): number | undefined {
    return inStore('read the ledger', () => {
      const row = this.database.prepare('SELECT max(version) AS newest FROM proofs').get() as Row;
      return (row['newest'] as number | null) ?? undefined;
    });
  }

  /** Replaces the one before. */
  put(version: number, proof: Uint8Array): void {
    inStore('write the ledger', () =>
      this.database
        .prepare('INSERT OR REPLACE INTO proofs VALUES (?, ?)')
        .run(version, Buffer.from(proof)),
    );
  }
}
