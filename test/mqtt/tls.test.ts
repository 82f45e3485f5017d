import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type Broker } from '../../host/mqtt/broker.js';
import { brokerError } from '../../host/mqtt/broker-error.js';
import { connectMqtt } from '../../host/mqtt/connect.js';

const hasOpenssl = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env.CI) throw new Error('openssl is required in CI and is not installed');
    process.stderr.write('skipped: openssl is not installed (apt install openssl)\n');
    return false;
  }
})();

describe.runIf(hasOpenssl)('MQTT over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-tls-'));
  const path = (name: string): string => join(folder, name);
  let broker: Broker;
  let server: Server;
  let url: string;

  /** A self-signed certificate for an IP address. */
  function makeCertificate(name: string, address: string): void {
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
    ];
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=IP:${address}`];
    const out = ['-days', '2', '-keyout', path(`${name}.key`), '-out', path(`${name}.pem`)];
    execFileSync('openssl', [...request, ...subject, ...out], { stdio: 'ignore' });
  }

  beforeAll(async () => {
    for (const name of ['server', 'node', 'stranger']) makeCertificate(name, '127.0.0.1');
    broker = await startBroker();
    server = createServer(
      {
        cert: readFileSync(path('server.pem')),
        key: readFileSync(path('server.key')),
        ca: readFileSync(path('node.pem')),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (secured) => {
        const plain = connect(broker.port, '127.0.0.1');
        for (const socket of [secured, plain]) socket.on('error', () => undefined);
        secured.pipe(plain).pipe(secured);
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `mqtts://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.close();
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const identity = { cert: path('node.pem'), key: path('node.key') };

  it('trusts the CA file and shows the certificate', async () => {
    const session = await connectMqtt({
      url,
      clientId: 'a',
      cafile: path('server.pem'),
      ...identity,
    });
    await session.publish('t', new Uint8Array(100_000));
    await session.close();
  });

  it('refuses a broker it has no reason to trust, unless told to', async () => {
    for (const cafile of [undefined, path('stranger.pem')]) {
      const trust = cafile === undefined ? {} : { cafile };
      await expect(
        connectMqtt({ url, clientId: 'a', ...trust, ...identity }),
      ).rejects.toMatchObject({
        code: 'ERR_AUTH',
        remedy: expect.stringContaining('--cafile') as string,
      });
    }
    await (await connectMqtt({ url, clientId: 'a', insecure: true, ...identity })).close();
  });

  it('refuses a broker whose certificate is for another host', async () => {
    const named = url.replace('127.0.0.1', 'localhost');
    const attempt = connectMqtt({
      url: named,
      clientId: 'a',
      cafile: path('server.pem'),
      ...identity,
    });
    await expect(attempt).rejects.toMatchObject({ code: 'ERR_AUTH' });
  });

  it('fails where the broker does not accept the certificate', async () => {
    const stranger = { cert: path('stranger.pem'), key: path('stranger.key') };
    const attempt = connectMqtt({ url, clientId: 'a', insecure: true, ...stranger });
    // Some servers send an alert, some hang up.
    await expect(attempt).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_(AUTH|MQTT)$/) as string,
    });
  });

  it.each([
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'ERR_AUTH', 'the authority that the broker trusts'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ERR_AUTH', 'give --credentials'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', 'ERR_AUTH', 'use new credentials'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'ERR_AUTH', 'renew it'],
    ['ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE', 'ERR_AUTH', 'check user'],
    ['CERT_HAS_EXPIRED', 'ERR_AUTH', 'renew @broker'],
    ['CERT_NOT_YET_VALID', 'ERR_AUTH', 'set the clock'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_AUTH', 'a name in its certificate'],
    ['INVALID_PURPOSE', 'ERR_AUTH', 'a certificate for servers'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_AUTH', '--cafile'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_MQTT', 'check --mqtt'],
    ['ECONNRESET', 'ERR_MQTT', 'check --mqtt'],
  ])('knows what %s means', (code, expected, remedy) => {
    expect(brokerError('x', Object.assign(new Error('y'), { code }))).toMatchObject({
      code: expected,
      remedy: expect.stringContaining(remedy) as string,
    });
  });

  it('says so when a file is not what it should be', async () => {
    writeFileSync(path('text.pem'), 'a letter');
    const wrong = { cert: path('text.pem'), key: path('node.key') };
    await expect(connectMqtt({ url, clientId: 'a', ...wrong })).rejects.toMatchObject({
      code: 'ERR_USAGE',
    });
    const mixed = { cert: path('node.pem'), key: path('stranger.key') };
    await expect(connectMqtt({ url, clientId: 'a', ...mixed })).rejects.toMatchObject({
      code: 'ERR_USAGE',
    });
  });
});
