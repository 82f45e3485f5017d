/** Certificates as others read them: Node's parser and the openssl command. */
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createAuthority,
  daysBetween,
  issueClient,
  issueRevocations,
  issueServer,
  openAuthority,
  type Authority,
  type Issued,
} from '../../host/fleet/certificates.js';

const hasOpenssl = ((): boolean => {
  if (spawnSync('openssl', ['version']).status === 0) return true;
  if (process.env.CI) throw new Error('openssl is required in CI and is not installed');
  process.stderr.write('skipped: openssl is not installed (apt install openssl)\n');
  return false;
})();

const now = new Date('2030-05-06T07:08:09.123Z');
const clientAuth = '1.3.6.1.5.5.7.3.2';
const serverAuth = '1.3.6.1.5.5.7.3.1';

let ca: Issued;
let authority: Authority;
beforeAll(async () => {
  ca = await createAuthority('Linnet fleet test', { now, days: 3650 });
  authority = await openAuthority(ca);
});

describe('certificates', () => {
  it('are of their name, signed by the authority, for one purpose and the days asked for', async () => {
    const root = new X509Certificate(ca.cert);
    const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,32}$/);
    // Beyond 2050 dates are written in another way.
    const day = fc.integer({ min: 0, max: 3000 });
    await fc.assert(
      fc.asyncProperty(
        name,
        day,
        fc.integer({ min: 1, max: 20_000 }),
        async (name, later, days) => {
          const at = new Date(now.getTime() + later * 86_400_000);
          const issued = await issueClient(authority, name, { now: at, days });
          const read = new X509Certificate(issued.cert);
          expect(read.toLegacyObject().subject).toEqual({ CN: name });
          expect(read.checkIssued(root) && read.verify(root.publicKey)).toBe(true);
          expect({ ca: read.ca, usage: read.keyUsage }).toEqual({ ca: false, usage: [clientAuth] });
          expect(read.serialNumber.toLowerCase()).toBe(issued.serial);
          expect(read.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
          expect(new Date(read.validTo)).toEqual(issued.notAfter);
          expect(issued.notAfter.getTime()).toBe(
            Math.floor(at.getTime() / 1000) * 1000 + days * 86_400_000,
          );
          // An hour for brokers whose clock is behind.
          expect(at.getTime() - Date.parse(read.validFrom)).toBeGreaterThanOrEqual(3_600_000);
          expect(daysBetween(at, issued.notAfter)).toBe(days);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('of a broker name all its hosts', async () => {
    const hosts = ['broker.example', '192.0.2.7', '2001:db8::1'];
    const { cert } = await issueServer(authority, '@broker', hosts, { now, days: 5 });
    const read = new X509Certificate(cert);
    expect(read.keyUsage).toEqual([serverAuth]);
    expect(read.checkHost('broker.example')).toBe('broker.example');
    expect(read.checkHost('other.example')).toBeUndefined();
    for (const address of hosts.slice(1)) expect(read.checkIP(address)).toBe(address);
    expect(read.checkIP('192.0.2.8')).toBeUndefined();
  });

  it('have serials of their own', async () => {
    const issued = await Promise.all(
      Array.from({ length: 12 }, () => issueClient(authority, 'a', { now, days: 1 })),
    );
    expect(new Set(issued.map(({ serial }) => serial)).size).toBe(12);
    // Positive, and of one length.
    for (const { serial } of issued) expect(serial).toMatch(/^[4-7][0-9a-f]{15}$/);
  });

  it('are not signed with a key that is not the authority’s', async () => {
    const other = await createAuthority('other', { now, days: 1 });
    await expect(openAuthority({ cert: ca.cert, key: other.key })).rejects.toThrow(
      /key belongs to another certificate.*restore/,
    );
    await expect(openAuthority({ cert: ca.cert, key: 'x' })).rejects.toThrow(/cannot be read/);
  });
});

describe.runIf(hasOpenssl)('openssl', () => {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-openssl-'));
  const path = (name: string): string => join(folder, name);
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What `openssl verify` thinks at a time, with the list of revoked certificates. */
  function verify(purpose: string, cert: string, at: Date): string {
    const time = String(Math.floor(at.getTime() / 1000));
    const trust = ['-CAfile', path('ca.pem'), '-crl_check', '-CRLfile', path('crl.pem')];
    const args = ['verify', ...trust, '-x509_strict', '-purpose', purpose, '-attime', time];
    const { stdout, stderr } = spawnSync('openssl', [...args, path(cert)], { encoding: 'utf8' });
    return `${stdout}${stderr}`;
  }

  it('accepts what is valid, and neither revoked nor for something else', async () => {
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) => issueClient(authority, name, { now, days: 10 })),
    );
    const server = await issueServer(authority, '@broker', ['localhost'], { now, days: 10 });
    writeFileSync(path('ca.pem'), ca.cert);
    const files = Object.entries({ a, b, server });
    for (const [name, { cert }] of files) writeFileSync(path(`${name}.pem`), cert);
    const day = (n: number): Date => new Date(now.getTime() + n * 86_400_000);
    writeFileSync(path('crl.pem'), await issueRevocations(authority, [], now));
    expect(verify('sslclient', 'b.pem', now)).toContain('OK');
    const revoked = [{ serial: b.serial, at: now }];
    writeFileSync(path('crl.pem'), await issueRevocations(authority, revoked, now));
    expect(verify('sslclient', 'a.pem', day(9))).toContain('OK');
    expect(verify('sslserver', 'server.pem', now)).toContain('OK');
    expect(verify('sslclient', 'b.pem', now)).toContain('certificate revoked');
    expect(verify('sslclient', 'a.pem', day(11))).toContain('certificate has expired');
    expect(verify('sslclient', 'a.pem', day(-1))).toContain('not yet valid');
    expect(verify('sslclient', 'server.pem', now)).toContain('unsuitable certificate purpose');
    expect(verify('sslserver', 'a.pem', now)).toContain('unsuitable certificate purpose');
    const text = execFileSync('openssl', ['crl', '-in', path('crl.pem'), '-noout', '-nextupdate']);
    // A broker refuses everybody once its list has expired.
    expect(Date.parse(text.toString().split('=')[1])).toBe(ca.notAfter.getTime());
  });
});
