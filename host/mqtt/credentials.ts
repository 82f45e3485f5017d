/** Folders with credentials, as `linnet fleet` makes them. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
// Node 20 loads it in halves, without createSecureContext, if X509Certificate is used before.
import 'node:tls';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LinnetError } from '../contract/error.js';
import type { MqttOptions } from './session.js';

export const credentialFiles = { cafile: 'ca.pem', cert: 'cert.pem', key: 'key.pem' } as const;

/** In the folder of a node: the key that it shares with the aggregator. */
export const nodeKeyFile = 'node.key';

export type TlsFiles = Required<Pick<MqttOptions, keyof typeof credentialFiles>>;

function readCredential(folder: string, file: string, identity: string): Buffer {
  try {
    return readFileSync(join(folder, file));
  } catch (error) {
    throw new LinnetError('ERR_USAGE', `${identity} has no ${file} in ${folder}`, {
      remedy: 'give the folder that linnet fleet made, readable for this user',
      source: error,
    });
  }
}

function checkValidity(certificate: X509Certificate, identity: string, now: Date): void {
  if (now < new Date(certificate.validFrom)) {
    throw new LinnetError(
      'ERR_AUTH',
      `the certificate of ${identity} is valid from ${certificate.validFrom}`,
      { remedy: 'set the clock of this machine' },
    );
  }
  if (now > new Date(certificate.validTo)) {
    throw new LinnetError(
      'ERR_AUTH',
      `the certificate of ${identity} expired on ${certificate.validTo}`,
      { remedy: `make another with linnet fleet renew ${identity}, or set the clock` },
    );
  }
}

/**
 * Paths of an identity's files, once they have been judged: a broker would only hang up, or drop in
 * silence what the identity may not publish. Throws ERR_USAGE if a file is missing or is something
 * else, ERR_AUTH if the certificate names somebody else or is out of date.
 */
export function readCredentials(folder: string, identity: string, now = new Date()): TlsFiles {
  const files = Object.fromEntries(
    Object.entries(credentialFiles).map(([name, file]) => [name, join(folder, file)]),
  ) as unknown as TlsFiles;
  const [, cert, key] = Object.values(credentialFiles).map((file) =>
    readCredential(folder, file, identity),
  );
  let certificate: X509Certificate;
  let isPair: boolean;
  try {
    certificate = new X509Certificate(cert);
    isPair = certificate.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new LinnetError('ERR_USAGE', `${folder}: ${(error as Error).message}`, {
      remedy: 'give PEM files as linnet fleet makes them',
      source: error,
    });
  }
  if (!isPair) {
    throw new LinnetError('ERR_USAGE', `${files.key} does not belong to ${files.cert}`, {
      remedy: 'copy both from the same folder of the fleet',
    });
  }
  const { CN: name } = certificate.toLegacyObject().subject as { CN?: string };
  if (name !== identity) {
    throw new LinnetError('ERR_AUTH', `${files.cert} is of ${name}, not of ${identity}`, {
      remedy: `give the credentials of ${identity}`,
    });
  }
  checkValidity(certificate, identity, now);
  return files;
}

/** The credentials of nodes: a folder with one for each, by name. */
export class NodeCredentials {
  constructor(private readonly folder: string) {}

  /** Throws as readCredentials does. They may come while a bridge is running. */
  of(node: string): TlsFiles {
    return readCredentials(join(this.folder, node), node);
  }

  /** Those of any node that has some. Throws what is wrong if none has. */
  any(): TlsFiles {
    const failures: unknown[] = [];
    for (const name of readdirSync(this.folder).sort()) {
      try {
        return this.of(name);
      } catch (error) {
        failures.push(error);
      }
    }
    const [source] = failures;
    const cause = source instanceof Error ? source.message : 'it is empty';
    throw new LinnetError('ERR_USAGE', `${this.folder} has no credentials: ${cause}`, {
      remedy: 'give the folder with one for each node that linnet fleet add fills',
      source,
    });
  }
}
