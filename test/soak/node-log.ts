import { receipt as receiptCode, type Receipt } from '../../host/contract/contract.gen.js';
import { equalBytes, idOf, toHex } from '../../host/contract/hash.js';
import { unpackRequest } from '../../host/contract/pack.js';
import { decodeWire } from '../../host/contract/wire.js';
import type { UploadRow } from '../../host/federated/ledger.js';
import type { Cable, CableMessage } from '../e2e/cable.js';

/** What a node offered and was told, read from its cable: it outlives the node, like a log on its disk. */
export class NodeLog {
  /** Newest version it was given to work on. */
  version = -1;
  /** SHA-256 of the uploads it offered, by version. */
  readonly #offers = new Map<number, Uint8Array>();
  readonly #receipts: Receipt[] = [];
  /** What the node did against its own rules. */
  readonly problems: string[] = [];

  constructor(
    readonly node: string,
    cable: Cable,
  ) {
    cable.onMessage = (message) => {
      if (!message.isResponse) this.#read(message);
    };
  }

  #read({ name, from, body }: CableMessage): void {
    if (from === 'device' && name === 'OFFER') {
      const { version, hash } = unpackRequest('OFFER', body!);
      const known = this.#offers.get(version);
      if (known && !equalBytes(known, hash)) {
        this.problems.push(`${this.node} offered two uploads to version ${version}`);
      }
      this.#offers.set(version, hash);
    } else if (from === 'host' && name === 'ANNOUNCE') {
      const { announcement } = unpackRequest('ANNOUNCE', body!);
      this.version = Math.max(this.version, decodeWire('Announcement', announcement).version);
    } else if (from === 'host' && name === 'RECEIPT') {
      this.#receipts.push(decodeWire('Receipt', unpackRequest('RECEIPT', body!).receipt));
    }
  }

  get promises(): number {
    return this.#promises().length;
  }

  /** Receipts that say the upload is in the ledger. */
  #promises(): Receipt[] {
    const { ACCEPTED, DUPLICATE } = receiptCode;
    return this.#receipts.filter(({ code }) => code === ACCEPTED || code === DUPLICATE);
  }

  /** What does not agree with the rows of this node, which are all versions' in order. */
  disagreements(rows: readonly UploadRow[]): string[] {
    const byVersion = new Map(rows.map((row) => [row.version, row]));
    const lost = this.#promises().flatMap(({ version, upload }) => {
      const row = byVersion.get(version);
      if (row && equalBytes(idOf(row.hash), upload)) return [];
      return [
        `${this.node} has a receipt for ${toHex(upload)} to version ${version}, not in the ledger`,
      ];
    });
    const foreign = rows.flatMap(({ version, hash }) => {
      const offered = this.#offers.get(version);
      if (offered && equalBytes(offered, hash)) return [];
      return [
        `the ledger has an upload of ${this.node} to version ${version} that it never offered`,
      ];
    });
    const twice = rows.length - byVersion.size;
    const counted = twice > 0 ? [`${twice} uploads of ${this.node} count twice`] : [];
    const refused = this.#receipts
      .filter(({ code }) => code === receiptCode.CONFLICT || code === receiptCode.MALFORMED)
      .map(({ code, version }) => `${this.node} got receipt ${code} for version ${version}`);
    return [...this.problems, ...lost, ...foreign, ...counted, ...refused];
  }
}
