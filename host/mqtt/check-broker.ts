import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { brokerError } from './broker-error.js';
import type { TlsFiles } from './credentials.js';
import type { MqttOptions } from './session.js';
import { parseMqttUrl } from './url.js';

const timeoutMs = 10_000;

/**
 * Whether a broker is there and is who it says it is. By TLS alone: a connection of MQTT would end
 * that of a client of the same name. Throws ERR_MQTT if there is none, ERR_AUTH if it is not trusted;
 * what it thinks of these credentials concerns their owner.
 */
export function checkBroker(
  { url, insecure = false }: Pick<MqttOptions, 'url' | 'insecure'>,
  files: TlsFiles,
): Promise<void> {
  const { brokerUrl } = parseMqttUrl(url);
  const { hostname, port } = new URL(brokerUrl);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port),
      ca: readFileSync(files.cafile),
      cert: readFileSync(files.cert),
      key: readFileSync(files.key),
      rejectUnauthorized: !insecure,
    });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('it does not answer')));
    socket.once('secureConnect', () => {
      socket.end();
      resolve();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (/_ALERT_/.test(error.code ?? '')) resolve();
      else reject(brokerError(brokerUrl, error));
    });
  });
}
