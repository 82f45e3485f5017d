/** A new fleet. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { LinnetError } from '../contract/error.js';
import { aggregatorIdentity, brokerIdentity } from '../contract/identity.js';
import { sharedKeys } from '../contract/node-key.js';
import { checkName } from '../contract/topics.js';
import { createAuthority } from './certificates.js';
import { makeFolder, writeFolder, writeNew } from './files.js';
import { authorityFiles, Fleet } from './fleet.js';
import { brokerFiles, mosquittoConfig } from './mosquitto.js';
import { emptyRegistry, packRegistry } from './registry.js';
import { createRoot } from './signing-keys.js';

export interface FleetOptions {
  readonly base: string;
  readonly federation: string;
  /** Host names and addresses by which clients call the broker. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** Where the broker's files will lie on its machine; default: where they are made. */
  readonly brokerFolder?: string;
  /** Validity of the authority. */
  readonly authorityDays: number;
  /** Validity of the certificates of broker and aggregator. */
  readonly days: number;
}

/** A host name (RFC 1123) or an address. */
function checkHost(host: string): void {
  if (isIP(host) || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(host)) return;
  throw new LinnetError('ERR_USAGE', `"${host}" is not a host`, {
    remedy: 'give a name or an address, without port or brackets',
  });
}

/** Makes a fleet in a folder that is not there, or empty. Throws ERR_USAGE if it is neither. */
export async function createFleet(
  folder: string,
  options: FleetOptions,
  now = new Date(),
): Promise<void> {
  const { base, federation, hosts, days, authorityDays } = options;
  for (const part of base.split('/')) checkName(part, 'base');
  checkName(federation, 'federation');
  for (const host of hosts) checkHost(host);
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new LinnetError('ERR_USAGE', `${folder} is not empty`, {
      remedy: 'choose another folder with --fleet',
    });
  }
  // Made beside it and moved there when it is whole.
  const draft = mkdtempSync(join(dirname(resolve(folder)), `${basename(resolve(folder))}.new-`));
  try {
    for (const name of [
      'ca',
      'broker',
      'nodes',
      'old',
      sharedKeys,
      join('broker', brokerFiles.data),
    ]) {
      makeFolder(join(draft, name));
    }
    const name = `Linnet fleet ${federation}`;
    const authority = await createAuthority(name, { now, days: authorityDays });
    writeNew(join(draft, 'ca', authorityFiles.cert), authority.cert);
    writeNew(join(draft, 'ca', authorityFiles.key), authority.key);
    writeNew(join(draft, 'broker', brokerFiles.ca), authority.cert);
    const brokerFolder = resolve(options.brokerFolder ?? join(folder, 'broker'));
    const config = mosquittoConfig({ folder: brokerFolder, port: options.port, hosts });
    writeNew(join(draft, 'broker', brokerFiles.config), config);
    const { root, files } = createRoot();
    writeFolder(join(draft, 'root'), files, join(draft, 'draft'));
    const signing = { root, delegations: [] };
    const registry = emptyRegistry({ base, federation, hosts, signing });
    writeNew(join(draft, 'fleet.json'), packRegistry(registry));
    const fleet = new Fleet(draft, now);
    await fleet.issue([brokerIdentity, aggregatorIdentity], days);
    await fleet.delegate();
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}
