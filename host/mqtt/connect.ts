import { readFileSync } from 'node:fs';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { LinnetError } from '../contract/error.js';
import { brokerError } from './broker-error.js';
import { ClientSession } from './client-session.js';
import type { MqttOptions, MqttSession } from './session.js';
import { parseMqttUrl } from './url.js';

/** How long a broker that speaks MQTT 5 keeps a session that is not clean. */
const SESSION_EXPIRY_SECONDS = 24 * 60 * 60;

function readPem(path: string | undefined, what: string): Uint8Array | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new LinnetError('ERR_USAGE', `${what} ${path} cannot be read`, { source: error });
  }
}

/** A fresh options object on every call: mqtt.js writes into the one it is given. */
function clientOptions(options: MqttOptions): IClientOptions {
  const address = parseMqttUrl(options.url);
  const username = options.username ?? address.username;
  const password = options.password ?? address.password;
  const [ca, cert, key] = [
    readPem(options.cafile, 'the CA file'),
    readPem(options.cert, 'the certificate'),
    readPem(options.key, 'the key'),
  ];
  const { protocolVersion = 4, clean = true, retains = true, will } = options;
  return {
    clientId: options.clientId,
    protocolVersion,
    clean,
    reconnectPeriod: options.reconnectMs ?? 1000,
    connectTimeout: options.connectTimeoutMs ?? 10_000,
    reconnectOnConnackError: true,
    rejectUnauthorized: options.insecure !== true,
    // A dozen calls for every packet, which say nothing unless they are asked for.
    ...(process.env.DEBUG === undefined && { log: () => undefined }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca && { ca: [Buffer.from(ca)] }),
    ...(cert && { cert: Buffer.from(cert) }),
    ...(key && { key: Buffer.from(key) }),
    ...(will && {
      will: { ...will, payload: Buffer.from(will.payload), qos: 1, retain: retains && will.retain },
    }),
    ...(protocolVersion === 5 &&
      !clean && { properties: { sessionExpiryInterval: SESSION_EXPIRY_SECONDS } }),
  };
}

function createClient(brokerUrl: string, options: IClientOptions): MqttClient {
  try {
    return connect(brokerUrl, options);
  } catch (error) {
    // OpenSSL reads the files at once; the rest of the address has been checked before.
    throw new LinnetError('ERR_USAGE', `the TLS files: ${(error as Error).message}`, {
      remedy: 'give PEM files, and the key that belongs to the certificate',
      source: error,
    });
  }
}

/** Settles with the outcome of the first attempt; one that fails leaves nothing open. */
function waitForBroker(client: MqttClient, brokerUrl: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      client.removeListener('connect', onConnect);
      client.removeListener('error', onError);
      client.removeListener('close', onClose);
      outcome();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        client.on('error', () => undefined);
        client.end(true);
        reject(brokerError(brokerUrl, error));
      });
    const onConnect = (): void => settle(resolve);
    const onError = (error: unknown): void => fail(error);
    const onClose = (): void => fail(new Error('the connection was closed before it was accepted'));
    client.on('connect', onConnect);
    client.on('error', onError);
    client.on('close', onClose);
  });
}

/**
 * Connects to a broker. Throws ERR_MQTT if it cannot be reached, ERR_AUTH if it refuses, ERR_USAGE
 * for an address or a file that makes no sense; once connected, the session mends itself.
 */
export async function connectMqtt(options: MqttOptions): Promise<MqttSession> {
  const { brokerUrl } = parseMqttUrl(options.url);
  const client = createClient(brokerUrl, clientOptions(options));
  const session = new ClientSession(client, options);
  await waitForBroker(client, brokerUrl);
  return session;
}
