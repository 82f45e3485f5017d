import { readFileSync } from 'node:fs';
import { LinnetError } from '../contract/error.js';
import { NodeCredentials, readCredentials } from '../mqtt/credentials.js';
import type { BrokerChange, MqttOptions } from '../mqtt/session.js';
import type { Resolved, SettingTable } from './settings.js';

/** Said aloud, once each. */
export const brokerChanges: Readonly<Record<BrokerChange, string>> = {
  lost: 'the broker is lost; trying to reach it again',
  back: 'the broker is back',
};

/** How to reach a broker; names as in mosquitto_pub. The password never stands on a command line. */
export const mqttSettings = {
  mqtt: { kind: 'text', value: 'url', text: 'broker: mqtt[s]://user@host:port/base' },
  mqttVersion: {
    kind: 'integer',
    text: 'MQTT protocol: 4 = 3.1.1, 5',
    default: 4,
    minimum: 4,
    maximum: 5,
  },
  passwordFile: {
    kind: 'text',
    value: 'file',
    text: 'file with the password; or LINNET_MQTT_PASSWORD',
  },
  cafile: {
    kind: 'text',
    value: 'file',
    text: 'PEM file of the authority that signed the broker’s certificate',
  },
  cert: { kind: 'text', value: 'file', text: 'PEM file of the client certificate' },
  key: { kind: 'text', value: 'file', text: 'PEM file of its key' },
  credentials: {
    kind: 'text',
    value: 'folder',
    text: 'instead of the three: folder with ca.pem, cert.pem, key.pem; for nodes, with such a folder per node',
  },
  withoutRetain: {
    kind: 'switch',
    text: 'for a broker without retained messages: nodes ask for what they lack',
  },
  insecure: { kind: 'switch', text: 'accept any certificate of the broker' },
} as const satisfies SettingTable;

function readPassword(path: string | undefined): string | undefined {
  if (path === undefined) return process.env['LINNET_MQTT_PASSWORD'];
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new LinnetError('ERR_USAGE', `--password-file: ${path} cannot be read`, {
      source: error,
    });
  }
}

type MqttSettings = Resolved<typeof mqttSettings>;

export type BrokerOptions = Omit<MqttOptions, 'clientId' | 'will'>;

/** Credentials in vain, or twice, are a mistake that would pass unnoticed. */
function checkCredentials({ mqtt, credentials, cafile, cert, key }: MqttSettings): void {
  if (credentials === undefined) return;
  if (cafile !== undefined || cert !== undefined || key !== undefined) {
    throw new LinnetError('ERR_USAGE', '--credentials names CA, certificate and key', {
      remedy: 'leave out --cafile, --cert and --key',
    });
  }
  if (!mqtt?.startsWith('mqtts:')) {
    throw new LinnetError('ERR_USAGE', '--credentials are for a broker with TLS', {
      remedy: 'give --mqtt mqtts://host:8883/base',
    });
  }
}

/** Connection options of the settings, without --credentials. Throws ERR_USAGE without a broker. */
export function mqttOptionsOf(settings: MqttSettings): BrokerOptions {
  if (settings.mqtt === undefined) {
    throw new LinnetError('ERR_USAGE', 'no broker is named', {
      remedy: 'give --mqtt mqtt://host:1883/base',
    });
  }
  checkCredentials(settings);
  const password = readPassword(settings.passwordFile);
  const { cafile, cert, key } = settings;
  return {
    url: settings.mqtt,
    protocolVersion: settings.mqttVersion === 5 ? 5 : 4,
    insecure: settings.insecure,
    retains: !settings.withoutRetain,
    ...(password !== undefined && { password }),
    ...(cafile !== undefined && { cafile }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

/** Connection options of one identity, from its folder if --credentials names one. */
export function mqttOptionsFor(identity: string, settings: MqttSettings): BrokerOptions {
  const options = mqttOptionsOf(settings);
  const { credentials } = settings;
  return credentials === undefined
    ? options
    : { ...options, ...readCredentials(credentials, identity) };
}

/** The credentials of all nodes; undefined without --credentials. */
export function nodeCredentialsOf({ credentials }: MqttSettings): NodeCredentials | undefined {
  return credentials === undefined ? undefined : new NodeCredentials(credentials);
}
