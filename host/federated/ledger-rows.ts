/** Rows of the ledger. */
import type { Traffic } from '../contract/contract.gen.js';
import { sha256, toHex } from '../contract/hash.js';
import { storeError } from './store-database.js';

export interface UploadRow {
  /** Version it was trained from. */
  readonly version: number;
  /** Version that was open when it was accepted: it counts in the one made of that. */
  readonly openVersion: number;
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

/** Uploads of a node that were accepted while this version was open, or a later one, are left out. */
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
  /** packMoments() of what the strategy remembers, nothing beyond the horizon. */
  readonly moments: Uint8Array;
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

/**
 * Columns to select. The casts leave a whole row as it is; a damaged one could hold text that is no UTF-8,
 * which would end the process inside libsql.
 */
const blobs = (...names: readonly string[]): string[] =>
  names.map((name) => `CAST(${name} AS BLOB) AS ${name}`);
const integers = (...names: readonly string[]): string[] =>
  names.map((name) => `CAST(${name} AS INTEGER) AS ${name}`);

export const uploadKeyColumns = [
  ...integers('sequence', 'version', 'open_version', 'contribution', 'retracted'),
  ...blobs('node'),
].join(', ');
export const uploadColumns = `${uploadKeyColumns}, ${blobs('hash', 'envelope').join(', ')}`;
export const versionColumns = [
  ...integers('version', 'parent', 'contributions', 'weight', 'uplink_bytes', 'degraded'),
  ...integers('base', 'retracted_from'),
  ...blobs(
    'artefact',
    'master',
    'moments',
    'announcement',
    'strategy',
    'event',
    'retracted_node',
    'digest',
  ),
].join(', ');
export const metaColumns = blobs('value').join(', ');

/** libsql gives blobs as ArrayBuffer, empty ones as Buffer. */
export function readBlob(value: Row[string]): Uint8Array {
  return new Uint8Array(value as ArrayBuffer | Uint8Array);
}

export function readText(value: Row[string]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readBlob(value));
  } catch (error) {
    throw storeError('a text in the ledger is damaged', error, 'restore a copy of the store');
  }
}

/** An upload without its envelope. */
export type UploadKey = Omit<UploadRow, 'hash' | 'envelope'>;

export function readUploadKey(row: Row): UploadKey {
  return {
    version: row['version'] as number,
    openVersion: row['open_version'] as number,
    node: readText(row['node']),
    contribution: row['contribution'] as number,
    ...(row['retracted'] !== null && { retractedBy: row['retracted'] as number }),
  };
}

export function readUpload(row: Row): UploadRow {
  return {
    ...readUploadKey(row),
    hash: readBlob(row['hash']),
    envelope: readBlob(row['envelope']),
  };
}

export function readVersion(row: Row): VersionRow {
  const isRetraction = row['retracted_node'] !== null;
  return {
    version: row['version'] as number,
    ...(row['parent'] !== null && { parent: row['parent'] as number }),
    artefact: readBlob(row['artefact']),
    master: readBlob(row['master']),
    moments: readBlob(row['moments']),
    announcement: readBlob(row['announcement']),
    strategy: readText(row['strategy']),
    contributions: row['contributions'] as number,
    weight: row['weight'] as number,
    uplinkBytes: row['uplink_bytes'] as number,
    isDegraded: row['degraded'] === 1,
    event: readText(row['event']) as VersionEvent,
    ...(row['base'] !== null && { base: row['base'] as number }),
    ...(isRetraction && {
      retraction: {
        node: readText(row['retracted_node']),
        from: row['retracted_from'] as number,
      },
    }),
  };
}

/** SHA-256 of everything a version row says: a bit that flips in it is found. */
export function digestOf(row: VersionRow): Uint8Array {
  const { version, parent, strategy, contributions, weight, uplinkBytes, isDegraded } = row;
  const { event, base, retraction } = row;
  const text = JSON.stringify([
    ...[version, parent ?? null, strategy, contributions, weight, uplinkBytes, isDegraded],
    ...[event, base ?? null, retraction?.node ?? null, retraction?.from ?? null],
    ...[row.artefact, row.master, row.moments, row.announcement].map(toHex),
  ]);
  return sha256(new TextEncoder().encode(text));
}

/** What a node's round on a version cost, as its bridge counted. */
export interface TrafficRow {
  readonly version: number;
  readonly node: string;
  readonly traffic: Traffic;
}

export const trafficColumns =
  'version, CAST(node AS BLOB) AS node, payload_up, payload_down, link_up, link_down, mqtt_up, mqtt_down';

export function readTraffic(row: Row): TrafficRow {
  const count = (name: string): number => row[name] as number;
  return {
    version: count('version'),
    node: readText(row['node']),
    traffic: {
      payloadUp: count('payload_up'),
      payloadDown: count('payload_down'),
      linkUp: count('link_up'),
      linkDown: count('link_down'),
      mqttUp: count('mqtt_up'),
      mqttDown: count('mqtt_down'),
    },
  };
}
