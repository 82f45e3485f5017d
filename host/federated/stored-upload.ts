import type { Plan } from '../contract/contract.gen.js';
import type { LinnetError } from '../contract/error.js';
import { equalBytes, sha256 } from '../contract/hash.js';
import { decodeWire } from '../contract/wire.js';
import type { ModelInfo } from '../model/descriptor.js';
import { decodePayload, silentLayers } from './codecs.js';
import type { UploadRow } from './ledger.js';
import type { Upload } from './open-version.js';
import { storeError } from './store-database.js';

/** A ledger row back into what was staged; `plan` is that of the version it was trained from. Throws ERR_STORE if its bytes have changed. */
export function readUpload(row: UploadRow, model: ModelInfo, plan: Plan): Upload {
  const damaged = (): LinnetError =>
    storeError(`the upload of ${row.node} to version ${row.version} is damaged`);
  if (!equalBytes(sha256(row.envelope), row.hash)) throw damaged();
  const envelope = decodeWire('Envelope', row.envelope);
  const delta = decodePayload(model, silentLayers(plan), envelope.codec, envelope.payload);
  const { version, contribution } = envelope;
  const isRows = version === row.version && contribution === row.contribution;
  if (!delta || !isRows) throw damaged();
  return { node: row.node, envelope, delta, hash: row.hash, bytes: row.envelope };
}
