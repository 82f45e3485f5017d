import { LinnetError } from '../contract/error.js';

/** Topic base of a URL without a path. */
export const DEFAULT_BASE = 'linnet';

/** A broker and the topic base on it, as one `--mqtt` URL says. */
export interface MqttAddress {
  /** `mqtt[s]://host:port`, without credentials or path. */
  readonly brokerUrl: string;
  readonly base: string;
  readonly username?: string;
  readonly password?: string;
}

const portByScheme: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };

function fail(url: string, cause: string): never {
  throw new LinnetError('ERR_USAGE', `the MQTT address "${url}" ${cause}`, {
    remedy: 'write mqtt://user@host:1883/base or mqtts://user@host:8883/base',
  });
}

function parseBase(shown: string, path: string): string {
  const base = decodeURIComponent(path).replace(/^\//, '').replace(/\/$/, '');
  if (base === '') return DEFAULT_BASE;
  if (/[+#$\0]/.test(base) || base.split('/').includes('')) {
    fail(shown, `has the topic base "${base}", which no topic may start with`);
  }
  return base;
}

/**
 * Takes `mqtt[s]://user:password@host:port/base` apart. The port is 1883 or 8883 and the base
 * `linnet` if absent. Throws ERR_USAGE; the message never shows a password.
 */
export function parseMqttUrl(url: string): MqttAddress {
  if (!URL.canParse(url)) fail(url.replace(/:[^:@/]*@/, ':…@'), 'is not a URL');
  const parsed = new URL(url);
  const shown = `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  const defaultPort = portByScheme[parsed.protocol];
  if (defaultPort === undefined) fail(shown, 'does not begin with mqtt:// or mqtts://');
  if (parsed.hostname === '') fail(shown, 'names no host');
  return {
    brokerUrl: `${parsed.protocol}//${parsed.hostname}:${parsed.port || defaultPort}`,
    base: parseBase(shown, parsed.pathname),
    ...(parsed.username !== '' && { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password !== '' && { password: decodeURIComponent(parsed.password) }),
  };
}
