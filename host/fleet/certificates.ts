/**
 * X.509 certificates of a fleet (RFC 5280): one authority, ECDSA P-256 with SHA-256, the name of an
 * identity as its common name.
 */
import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { LinnetError } from '../contract/error.js';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

const serialBytes = 8;

const dayMs = 24 * 60 * 60 * 1000;

/** A broker whose clock is this much behind takes a new certificate all the same. */
const clockSkewMs = 60 * 60 * 1000;

/** One certificate and its private key, as PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

export interface Issued extends Credentials {
  /** Hexadecimal, as `openssl x509 -serial` prints it, in small letters. */
  readonly serial: string;
  readonly notAfter: Date;
}

export interface Validity {
  readonly now: Date;
  readonly days: number;
}

export interface Revocation {
  readonly serial: string;
  readonly at: Date;
}

/** The authority with its key: what signs. */
export interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

type Extensions = readonly x509.Extension[];

/** Positive and never zero: the first byte is 0x40 to 0x7f. */
function drawSerial(): string {
  const bytes = randomBytes(serialBytes);
  bytes[0] = (bytes[0] & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function drawKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function keyToPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const text = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return text.export({ format: 'pem', type: 'pkcs8' }) as string;
}

const certToPem = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`;

/** Certificates have no finer time than seconds. */
const wholeSecond = (time: Date): number => Math.floor(time.getTime() / 1000) * 1000;

/** Whole days for which a certificate that is issued at `now` lasts no longer than `end`. */
export function daysBetween(now: Date, end: Date): number {
  return Math.floor((end.getTime() - wholeSecond(now)) / dayMs);
}

function periodOf({ now, days }: Validity): { notBefore: Date; notAfter: Date } {
  const second = wholeSecond(now);
  return { notBefore: new Date(second - clockSkewMs), notAfter: new Date(second + days * dayMs) };
}

/** A new authority that may sign certificates of identities and nothing else. */
export async function createAuthority(name: string, validity: Validity): Promise<Issued> {
  const keys = await drawKeys();
  const serial = drawSerial();
  const period = periodOf(validity);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial,
    name: [{ CN: [name] }],
    ...period,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = await keyToPem(keys.privateKey);
  return { cert: certToPem(certificate), key, serial, notAfter: period.notAfter };
}

/** Reads an authority. Throws ERR_CONFIG if the files are damaged or do not belong together. */
export async function openAuthority(credentials: Credentials): Promise<Authority> {
  try {
    if (!new X509Certificate(credentials.cert).checkPrivateKey(createPrivateKey(credentials.key))) {
      throw new Error('its key belongs to another certificate');
    }
    const certificate = new x509.X509Certificate(credentials.cert);
    const der = createPrivateKey(credentials.key).export({ format: 'der', type: 'pkcs8' });
    const key = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
    return { certificate, key };
  } catch (error) {
    throw new LinnetError(
      'ERR_CONFIG',
      `the fleet's authority cannot be read: ${(error as Error).message}`,
      {
        remedy: 'restore ca/ca.pem and ca/ca.key from a copy',
        source: error,
      },
    );
  }
}

async function issue(
  authority: Authority,
  name: string,
  validity: Validity,
  extensions: Extensions,
): Promise<Issued> {
  const { certificate: ca, key: signingKey } = authority;
  const period = periodOf(validity);
  const keys = await drawKeys();
  const serial = drawSerial();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: [{ CN: [name] }],
    issuer: ca.subjectName,
    ...period,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
      ...extensions,
    ],
  });
  const key = await keyToPem(keys.privateKey);
  return { cert: certToPem(certificate), key, serial, notAfter: period.notAfter };
}

/** A certificate with which `name` shows itself to the broker, and can do nothing else. */
export function issueClient(
  authority: Authority,
  name: string,
  validity: Validity,
): Promise<Issued> {
  const usage = new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]);
  return issue(authority, name, validity, [usage]);
}

/** The broker's certificate, for the host names and addresses by which clients call it. */
export function issueServer(
  authority: Authority,
  name: string,
  hosts: readonly string[],
  validity: Validity,
): Promise<Issued> {
  const names = hosts.map((host) => ({
    type: isIP(host) ? ('ip' as const) : ('dns' as const),
    value: host,
  }));
  return issue(authority, name, validity, [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(names),
  ]);
}

/**
 * The list of revoked certificates, as PEM. It stays valid as long as the authority: a broker refuses
 * every client when its list has expired.
 */
export async function issueRevocations(
  authority: Authority,
  revoked: readonly Revocation[],
  now: Date,
): Promise<string> {
  const crl = await x509.X509CrlGenerator.create({
    issuer: authority.certificate.subjectName,
    thisUpdate: periodOf({ now, days: 0 }).notBefore,
    nextUpdate: authority.certificate.notAfter,
    entries: revoked.map(({ serial, at }) => ({
      serialNumber: serial,
      revocationDate: at,
      reason: x509.X509CrlReason.privilegeWithdrawn,
    })),
    signingAlgorithm: algorithm,
    signingKey: authority.key,
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
    ],
  });
  // The label of RFC 7468, without which OpenSSL does not read it.
  return `${x509.PemConverter.encode(crl.rawData, 'X509 CRL')}\n`;
}
