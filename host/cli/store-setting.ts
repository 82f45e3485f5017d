import type { SettingTable } from './settings.js';

/** Of every command that works on an aggregator's store. */
export const storeSettings = {
  store: {
    kind: 'text',
    value: 'folder',
    text: 'ledger and models of the aggregator',
    default: 'linnet-store',
  },
} as const satisfies SettingTable;
