/** Verifies the signed chain of a store's announcements, beside an aggregator that may be writing to it. */
import { LinnetError } from '../contract/error.js';
import { equalBytes, sha256, toHex } from '../contract/hash.js';
import type { KeyObject } from '../proof/keys.js';
import { checkProof } from '../proof/proof.js';
import { refusal } from '../proof/seal.js';
import { Ledger, type VersionEvent, type VersionRow } from './ledger.js';
import { storeError } from './store-database.js';

export interface AuditedVersion {
  readonly version: number;
  readonly event: VersionEvent;
  /** SHA-256 of the announcement, hex. */
  readonly announcement: string;
  /** Of the delegation, and its round key, hex; absent where the proof does not hold. */
  readonly serial?: number;
  readonly roundKey?: string;
  /** Why the version does not continue the chain. */
  readonly fault?: string;
}

/** What a version and its proof must continue. */
interface Link {
  readonly announcement?: Uint8Array;
  readonly serial: number;
}

const pending = 'it is not signed yet; its aggregator does that when it starts';

export class Audit {
  readonly federation: string;
  readonly newest: number;
  readonly #ledger: Ledger;

  private constructor(
    folder: string,
    ledger: Ledger,
    private readonly roots: readonly KeyObject[],
  ) {
    this.#ledger = ledger;
    this.federation = ledger.identity.federation;
    const newest = ledger.newestVersion();
    if (newest === undefined) throw storeError(`${folder} has no version yet`);
    this.newest = newest;
  }

  /** Against these root keys. Throws ERR_STORE if there is no store, or it is damaged or empty. */
  static open(folder: string, roots: readonly KeyObject[]): Audit {
    const ledger = Ledger.openExisting(folder, 'read');
    try {
      return new Audit(folder, ledger, roots);
    } catch (error) {
      ledger.close();
      throw error;
    }
  }

  /** Every version from 0 on. One that does not hold is a result, not an error. */
  *versions(): Generator<AuditedVersion> {
    let link: Link = { serial: 0 };
    for (let version = 0; version <= this.newest; version++) {
      const row = this.#ledger.findVersion(version);
      if (!row) throw storeError(`version ${version} is missing`);
      const audited = this.#audit(row, link);
      link = { announcement: row.announcement, serial: audited.serial ?? link.serial };
      yield audited;
    }
  }

  #audit(row: VersionRow, link: Link): AuditedVersion {
    const { version, event } = row;
    const result = { version, event, announcement: toHex(sha256(row.announcement)) };
    try {
      const { serial, key } = this.#check(row, link);
      return { ...result, serial, roundKey: toHex(key) };
    } catch (error) {
      if (!(error instanceof LinnetError) || error.code !== 'ERR_AUTH') throw error;
      return { ...result, fault: error.message.slice(0, -`: ${error.remedy}`.length) };
    }
  }

  #check({ version, announcement }: VersionRow, link: Link): { serial: number; key: Uint8Array } {
    const fail = (cause: string): never => {
      throw refusal(cause, 'see who wrote to the store');
    };
    const bytes = this.#ledger.proofs.find(version);
    if (!bytes) return fail(this.#isPending(version) ? pending : 'it has no proof');
    const trust = { roots: this.roots, federation: this.federation };
    const checked = checkProof(bytes, announcement, trust);
    const { proof, delegation } = checked;
    if (checked.announcement.version !== version) {
      return fail(`its announcement is that of version ${checked.announcement.version}`);
    }
    const parent = link.announcement && sha256(link.announcement);
    if (parent ? !proof.parent || !equalBytes(proof.parent, parent) : proof.parent) {
      return fail(`it was signed as the successor of another version ${version - 1}`);
    }
    if (delegation.serial < link.serial) {
      return fail(`its delegation is ${delegation.serial}, the version before has ${link.serial}`);
    }
    return delegation;
  }

  /** Whether nothing was signed since. */
  #isPending(version: number): boolean {
    return version > (this.#ledger.proofs.newest() ?? Infinity);
  }

  close(): void {
    this.#ledger.close();
  }
}
