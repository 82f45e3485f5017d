/** Rows of the ledger. */
export interface UploadRow {
  readonly version: number;
  readonly node: string;
  readonly contribution: number;
  /** SHA-256 of the envelope. */
  readonly hash: Uint8Array;
  readonly envelope: Uint8Array;
  /** First version made without it. */
  readonly retractedBy?: number;
}

/** What made a version (SPEC, 8.1). */
export type VersionEvent = 'start' | 'round' | 'retract' | 'rollback';

/** Uploads of a node to this version and later ones are left out. */
export interface Retraction {
  readonly node: string;
  readonly from: number;
}

export interface VersionRow {
  readonly version: number;
  /** Absent for version 0. */
  readonly parent?: number;
  /** SHA-256 of the snapshot. */
  readonly artefact: Uint8Array;
  /** packMaster() of Q16.16 [P]; empty beyond the horizon. */
  readonly master: Uint8Array;
  readonly announcement: Uint8Array;
  /** Strategy that made it of its parent; that of version 0 says nothing. */
  readonly strategy: string;
  readonly contributions: number;
  /** Σ n_k of the contributions. */
  readonly weight: number;
  /** MQTT payload bytes of the contributions. */
  readonly uplinkBytes: number;
  readonly isDegraded: boolean;
  readonly event: VersionEvent;
  /** Version whose master it is recomputed from; absent for version 0. */
  readonly base?: number;
  /** With retract. */
  readonly retraction?: Retraction;
}

/** As libsql gives it. */
export type Row = Record<string, number | string | ArrayBuffer | Uint8Array | null>;

/** libsql gives blobs as ArrayBuffer, empty ones as Buffer. */
export function readBlob(value: unknown): Uint8Array {
  return new Uint8Array(value as ArrayBuffer | Uint8Array);
}

export function readUpload(row: Row): UploadRow {
  return {
    version: row['version'] as number,
    node: row['node'] as string,
    contribution: row['contribution'] as number,
    hash: readBlob(row['hash']),
    envelope: readBlob(row['envelope']),
    ...(row['retracted'] !== null && { retractedBy: row['retracted'] as number }),
  };
}

export function readVersion(row: Row): VersionRow {
  const node = row['retracted_node'] as string | null;
  return {
    version: row['version'] as number,
    ...(row['parent'] !== null && { parent: row['parent'] as number }),
    artefact: readBlob(row['artefact']),
    master: readBlob(row['master']),
    announcement: readBlob(row['announcement']),
    strategy: row['strategy'] as string,
    contributions: row['contributions'] as number,
    weight: row['weight'] as number,
    uplinkBytes: row['uplink_bytes'] as number,
    isDegraded: row['degraded'] === 1,
    event: row['event'] as VersionEvent,
    ...(row['base'] !== null && { base: row['base'] as number }),
    ...(node !== null && { retraction: { node, from: row['retracted_from'] as number } }),
  };
}
