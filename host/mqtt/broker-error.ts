import { LinnetError } from '../contract/error.js';

/** Codes that blame the client: 4 and 5 of CONNACK in MQTT 3.1.1; 134, 135 and 140 of MQTT 5. */
const refusals = new Set<unknown>([4, 5, 134, 135, 140]);

/** ERR_AUTH if the broker refused the credentials or the topic, else ERR_MQTT. */
export function brokerError(what: string, error: unknown): LinnetError {
  const { code, message } = error as { code?: unknown; message: string };
  const name = refusals.has(code) ? 'ERR_AUTH' : 'ERR_MQTT';
  // A host with several addresses fails with an AggregateError, whose message is empty.
  return new LinnetError(name, `${what}: ${message || String(code)}`, { source: error });
}
