import { X509Certificate } from 'node:crypto';
import { chmodSync, cpSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { createFleet } from '../../host/fleet/create.js';
import { Fleet } from '../../host/fleet/fleet.js';
import { checkBroker } from '../../host/mqtt/check-broker.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import { readCredentials, type TlsFiles } from '../../host/mqtt/credentials.js';
import type { MqttOptions, MqttSession } from '../../host/mqtt/session.js';
import { findFreePort, giveToMosquitto, Mosquitto } from '../mqtt/mosquitto.js';

/** A fleet in a folder of its own, and a mosquitto that runs on a copy of its files. */
export class SecuredBroker {
  private mosquitto!: Mosquitto;

  private constructor(
    readonly folder: string,
    readonly port: number,
  ) {}

  /** With these nodes; `now` is when fleet and nodes are made. */
  static async start(nodes: readonly string[], now = new Date()): Promise<SecuredBroker> {
    const folder = mkdtempSync(join(tmpdir(), 'linnet-fleet-'));
    // The user mosquitto must be able to reach the broker's files.
    chmodSync(folder, 0o755);
    const broker = new SecuredBroker(folder, await findFreePort());
    await createFleet(
      broker.fleetFolder,
      {
        base: 'test/base',
        federation: 'linnet',
        hosts: ['127.0.0.1'],
        port: broker.port,
        brokerFolder: broker.brokerFolder,
        authorityDays: 3650,
        days: 365,
      },
      now,
    );
    await broker.fleet(now).add(nodes, 365);
    broker.deliver();
    const config = join(broker.brokerFolder, 'mosquitto.conf');
    broker.mosquitto = await Mosquitto.start(config, broker.port);
    return broker;
  }

  get url(): string {
    return `mqtts://127.0.0.1:${this.port}/test/base`;
  }

  get fleetFolder(): string {
    return join(this.folder, 'fleet');
  }

  private get brokerFolder(): string {
    return join(this.folder, 'broker');
  }

  fleet(now = new Date()): Fleet {
    return new Fleet(this.fleetFolder, now);
  }

  /** Copies the broker's files as an operator does, but for what the broker itself has written. */
  private deliver(): void {
    cpSync(join(this.fleetFolder, 'broker'), this.brokerFolder, { recursive: true });
    giveToMosquitto(this.brokerFolder);
  }

  /** New files and SIGHUP; resolves when mosquitto has read them. */
  async reload(): Promise<void> {
    this.deliver();
    this.mosquitto.signal('SIGHUP');
    // It takes the signal when it waits for messages, which many at once can put off: several handshakes
    // one after the other, and it shows the certificate in the file.
    const insecure = { url: this.url, insecure: true };
    const file = new X509Certificate(readFileSync(join(this.brokerFolder, 'server.pem')));
    for (let seen = 0; seen < 3;) {
      await checkBroker(insecure, this.credentialsOf('@aggregator'));
      await new Promise((resolve) => setTimeout(resolve, 10));
      seen = (await this.shownSerial()) === file.serialNumber ? seen + 1 : 0;
    }
  }

  /** Serial number of the certificate that the broker shows. */
  private shownSerial(): Promise<string> {
    return new Promise((resolve, reject) => {
      const { cert, key } = this.credentialsOf('@aggregator');
      const socket = connect({
        ...{ host: '127.0.0.1', port: this.port, rejectUnauthorized: false },
        ...{ cert: readFileSync(cert), key: readFileSync(key) },
      });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        const { serialNumber } = socket.getPeerCertificate();
        socket.destroy();
        resolve(serialNumber);
      });
    });
  }

  /** Without new files. Throws what mosquitto says if it does not start. */
  restart(): Promise<void> {
    return this.mosquitto.restart();
  }

  /** Takes a file away from mosquitto. Returns what puts it back. */
  hide(file: string): () => void {
    const path = join(this.brokerFolder, file);
    renameSync(path, `${path}.hidden`);
    return () => renameSync(`${path}.hidden`, path);
  }

  credentialsOf(identity: string): TlsFiles {
    const path = identity.startsWith('@') ? identity.slice(1) : join('nodes', identity);
    return readCredentials(join(this.fleetFolder, path), identity);
  }

  /** A session of an identity with its own credentials. */
  connect(identity: string, options: Partial<MqttOptions> = {}): Promise<MqttSession> {
    return connectMqtt({
      url: this.url,
      clientId: `test-${identity}`,
      reconnectMs: 50,
      ...this.credentialsOf(identity),
      ...options,
    });
  }

  async close(): Promise<void> {
    await this.mosquitto.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
