/** Lets announcements pass to a device whose proof holds; the others wait, or are refused (SPEC, 8.3). */
import type { LinnetError } from '../contract/error.js';
import { equalBytes, idOf, sha256, toHex } from '../contract/hash.js';
import type { KeyObject } from '../proof/keys.js';
import { checkProof, openProof, positionOf } from '../proof/proof.js';
import { refusal } from '../proof/seal.js';
import type { Seen } from './seen.js';
import { seenProofOf } from './seen.js';

/** Models whose newest messages a node remembers; who may announce so many is no federation. */
const maxModels = 16;

export interface ProofTrust {
  readonly root: KeyObject;
  readonly federation: string;
  /** Shared by the nodes of a bridge. */
  readonly seen: Seen;
}

type Part = 'announcement' | 'proof';

/** The newest of a model, and what will be said of them unless others come. */
interface Messages {
  readonly announcement?: Uint8Array;
  readonly proof?: Uint8Array;
  readonly complaint?: NodeJS.Timeout;
}

/** Of one node. Announcement and proof come in any order, and again. */
export class ProofGate {
  private readonly messages = new Map<string, Messages>();

  /** `onRefusal` hears of what did not mend itself within `graceMs`. */
  constructor(
    private readonly trust: ProofTrust,
    private readonly graceMs: number,
    private readonly onRefusal: (error: LinnetError) => void,
  ) {}

  /**
   * Takes one of the two of a model (its id in hex, as in the topic). Returns the announcement if it passes
   * and undefined while something is missing. Throws ERR_AUTH for one that does not, ERR_STORE if it cannot be
   * remembered.
   */
  take(part: Part, model: string, bytes: Uint8Array): Uint8Array | undefined {
    if (bytes.length === 0) return undefined;
    const { complaint, ...before } = this.messages.get(model) ?? {};
    clearTimeout(complaint);
    const messages: Messages = { ...before, [part]: bytes };
    this.keep(model, messages);
    const { announcement, proof } = messages;
    if (!announcement) return undefined;
    if (proof && equalBytes(openProof(proof).proof.announcement, sha256(announcement))) {
      return this.pass(model, announcement, proof);
    }
    const cause = proof
      ? 'an announcement is not the one that was signed'
      : 'an announcement has no proof';
    this.complain(
      model,
      refusal(cause, 'see who publishes, and give the aggregator its round key'),
    );
    return undefined;
  }

  close(): void {
    for (const { complaint } of this.messages.values()) clearTimeout(complaint);
  }

  private keep(model: string, messages: Messages): void {
    this.messages.delete(model);
    this.messages.set(model, messages);
    const [[oldest, { complaint }]] = this.messages;
    if (this.messages.size <= maxModels) return;
    clearTimeout(complaint);
    this.messages.delete(oldest);
  }

  private pass(model: string, announced: Uint8Array, proof: Uint8Array): Uint8Array | undefined {
    const { root, federation, seen } = this.trust;
    const checked = checkProof(proof, announced, { roots: [root], federation });
    const { announcement, delegation } = checked;
    if (toHex(idOf(announcement.descriptorHash)) !== model) {
      throw refusal('an announcement came as that of another model', 'see who publishes');
    }
    const found = seenProofOf(model, positionOf(announcement), checked.proof, delegation);
    const judgement = seen.judge(found);
    if (judgement === undefined) {
      seen.remember(found);
      return announced;
    }
    const { kind, cause } = judgement;
    const error = refusal(cause, 'see who publishes, and which store the aggregator is on');
    if (kind === 'contradiction') throw error;
    // Another node of this bridge may have been told sooner than this one.
    this.complain(model, error);
    return undefined;
  }

  /** Later, unless something comes that changes it. */
  private complain(model: string, error: LinnetError): void {
    const complaint = setTimeout(() => this.onRefusal(error), this.graceMs);
    complaint.unref();
    this.messages.set(model, { ...this.messages.get(model), complaint });
  }
}
