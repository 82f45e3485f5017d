import { LinnetError } from '../contract/error.js';

/** Codes that blame the client: 4 and 5 of CONNACK in MQTT 3.1.1; 134, 135 and 140 of MQTT 5. */
const refusals = new Set<unknown>([4, 5, 134, 135, 140]);

/** TLS alerts by which a broker refuses our certificate, such as ERR_SSL_TLSV1_ALERT_UNKNOWN_CA. */
const certificateRefused = /ALERT.*(CERT|UNKNOWN_CA|ACCESS_DENIED)/;

/** What Node calls a broker's certificate that does not convince, as DEPTH_ZERO_SELF_SIGNED_CERT. */
const certificateDoubted = /CERT|LEAF_SIGNATURE/;

/** ERR_AUTH if the broker refused credentials or a topic, or is not trusted; else ERR_MQTT. */
export function brokerError(what: string, error: unknown): LinnetError {
  const { code, message } = error as { code?: unknown; message: string };
  // A host with several addresses fails with an AggregateError, whose message is empty.
  const cause = `${what}: ${message || String(code)}`;
  if (refusals.has(code) || certificateRefused.test(String(code))) {
    return new LinnetError('ERR_AUTH', cause, { source: error });
  }
  if (certificateDoubted.test(String(code))) {
    const remedy = 'give the CA of the broker with --cafile, or check its certificate';
    return new LinnetError('ERR_AUTH', cause, { remedy, source: error });
  }
  return new LinnetError('ERR_MQTT', cause, { source: error });
}
