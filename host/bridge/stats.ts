import type { DeviceStats } from '../device/device.js';

/** What one node cost and did; bytes are MQTT payload bytes of that node alone. */
export interface NodeStats {
  /** Uploads published, repeats included. */
  readonly uplinkBytes: number;
  /** Announcements and receipts received, and object bytes its device took. */
  readonly downlinkBytes: number;
  readonly uploads: number;
  /** Receipts by the name of their code. */
  readonly receipts: Readonly<Record<string, number>>;
  readonly badFrames: number;
  readonly malformedMessages: number;
  /** All bytes on the link, framing included. */
  readonly linkBytes: number;
  /** How often the link was opened again. */
  readonly reconnects: number;
}

export const emptyDeviceStats: DeviceStats = {
  badFrames: 0,
  malformedMessages: 0,
  objectBytes: 0,
  receivedBytes: 0,
  sentBytes: 0,
};

export function addDeviceStats(a: DeviceStats, b: DeviceStats): DeviceStats {
  return {
    badFrames: a.badFrames + b.badFrames,
    malformedMessages: a.malformedMessages + b.malformedMessages,
    objectBytes: a.objectBytes + b.objectBytes,
    receivedBytes: a.receivedBytes + b.receivedBytes,
    sentBytes: a.sentBytes + b.sentBytes,
  };
}
