import { constant, record, type StatusName, version } from '../../host/contract/contract.gen.js';
import type { Model } from './layers.js';
import { lossTags, recordReaders, type Report, Validator } from './validator.js';

/** Descriptors of the specification (section 3): framing and order here, the rest in Validator. */

interface RawRecord {
  readonly tag: number;
  readonly payload: DataView;
}

/** The records as far as the framing goes; every broken rule of the framing is reported. */
function splitRecords(bytes: Uint8Array, report: Report): RawRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < constant.DESCRIPTOR_HEADER_BYTES) {
    report('ERR_DESCRIPTOR');
    return [];
  }
  const count = view.getUint16(6, true);
  const sound =
    bytes.length <= constant.DESCRIPTOR_MAX_BYTES &&
    view.getUint32(0, true) === constant.DESCRIPTOR_MAGIC &&
    view.getUint16(4, true) === version.DESCRIPTOR_FORMAT &&
    count <= constant.MAX_RECORDS &&
    view.getUint32(8, true) === bytes.length &&
    view.getUint32(12, true) === 0;
  if (!sound) report('ERR_DESCRIPTOR');

  const records: RawRecord[] = [];
  let at: number = constant.DESCRIPTOR_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    const start = at + constant.RECORD_HEADER_BYTES;
    const length = start <= bytes.length ? view.getUint16(at + 2, true) : 0;
    if (start + length > bytes.length) {
      report('ERR_DESCRIPTOR');
      return records;
    }
    const payload = new DataView(bytes.buffer, bytes.byteOffset + start, length);
    records.push({ tag: view.getUint16(at, true), payload });
    at = start + length;
  }
  if (at !== bytes.length) report('ERR_DESCRIPTOR');
  return records;
}

/**
 * INPUT first and only there, at least one layer, a loss last and only there. A last record with an
 * unknown tag may be a loss of a newer format.
 */
function checkOrder(tags: readonly number[], report: Report): void {
  const last = tags.length - 1;
  const sound =
    last >= 2 &&
    tags[0] === record.INPUT &&
    (lossTags.includes(tags[last]) || !recordReaders.has(tags[last])) &&
    !tags.slice(1).includes(record.INPUT) &&
    !tags.slice(0, last).some((tag) => lossTags.includes(tag));
  if (!sound) report('ERR_DESCRIPTOR');
}

/** False if the record cannot be understood, and so nothing that builds on it either. */
function readRecord(validator: Validator, { tag, payload }: RawRecord, report: Report): boolean {
  const reader = recordReaders.get(tag);
  if (!reader) report('ERR_UNKNOWN_OP');
  else if (payload.byteLength !== reader.bytes) report('ERR_DESCRIPTOR');
  else reader.read(validator, payload);
  return payload.byteLength === reader?.bytes;
}

/**
 * Reads a descriptor and lists every rule of section 3 that it breaks. The specification does not
 * say which violation is named first, so a kernel may answer with any of them; `model` is
 * meaningful only if there are none.
 */
export function readDescriptor(bytes: Uint8Array): { model: Model; violations: Set<StatusName> } {
  const violations = new Set<StatusName>();
  const report: Report = (name) => void violations.add(name);
  const records = splitRecords(bytes, report);
  checkOrder(
    records.map(({ tag }) => tag),
    report,
  );
  const validator = new Validator(report);
  const whole = records.every((entry) => readRecord(validator, entry, report));
  // what nobody reads is known only at the end of a whole descriptor
  if (whole && !violations.has('ERR_DESCRIPTOR')) validator.finish();
  return { model: validator.model, violations };
}

/** The model of a descriptor that must be valid; throws with the violations otherwise. */
export function readModel(bytes: Uint8Array): Model {
  const { model, violations } = readDescriptor(bytes);
  if (violations.size > 0) throw new Error(`invalid descriptor: ${[...violations].join(', ')}`);
  return model;
}
