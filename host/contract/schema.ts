/**
 * The contract: every number and layout that the kernel (AssemblyScript), the firmware (C) and the
 * host (TypeScript) must agree on. `npm run gen` turns it into constants and packers for the three
 * languages and into the tables of docs/SPEC.md; `schema.lock.json` forbids renumbering.
 *
 * Nothing here runs on a device, and nothing outside this folder repeats a number that stands here.
 */

export * from './schema/fields.js';
export * from './schema/versions.js';
export * from './schema/statuses.js';
export * from './schema/numbers.js';
export * from './schema/kernel.js';
export * from './schema/link.js';
export * from './schema/wire-map.js';
export * from './schema/mqtt.js';
export * from './schema/topics.js';
