import { LinnetError } from '../contract/error.js';

/** Codes that blame the client: 4 and 5 of CONNACK in MQTT 3.1.1; 134, 135 and 140 of MQTT 5. */
const refusals = new Set<unknown>([4, 5, 134, 135, 140]);

/** Of MQTT 5; brokers that speak 3.1.1 close the connection without a word. */
const RETAIN_NOT_SUPPORTED = 154;

type Remedies = readonly (readonly [RegExp, string | undefined])[];

/** TLS alerts by which a broker refuses our certificate, and what to do; the first that matches. */
const refusedCertificates: Remedies = [
  [/ALERT_CERTIFICATE_REVOKED/, 'use new credentials (linnet fleet add)'],
  [/ALERT_CERTIFICATE_EXPIRED/, 'renew it (linnet fleet renew), or set the clock of the broker'],
  [/ALERT_UNKNOWN_CA/, 'use credentials of the authority that the broker trusts'],
  [/ALERT_CERTIFICATE_REQUIRED/, 'give --credentials, or --cert and --key'],
  [/ALERT.*(CERT|ACCESS_DENIED)/, undefined],
];

/** What Node calls a broker's certificate that does not convince, as DEPTH_ZERO_SELF_SIGNED_CERT. */
const doubtedCertificates: Remedies = [
  [/CERT_HAS_EXPIRED/, 'renew it (linnet fleet renew @broker), or set the clock of this machine'],
  [/CERT_NOT_YET_VALID/, 'set the clock of this machine'],
  [
    /CERT_ALTNAME_INVALID/,
    'call the broker by a name in its certificate, or make it for this one (linnet fleet init --host)',
  ],
  [/INVALID_PURPOSE/, 'give the broker a certificate for servers'],
  [
    /CERT|LEAF_SIGNATURE/,
    'give the CA of the broker with --cafile or --credentials, or check its certificate',
  ],
];

function findRemedy(remedies: Remedies, code: string): Remedies[number] | undefined {
  return remedies.find(([pattern]) => pattern.test(code));
}

/** OpenSSL tells of an alert in two lines, most of which are places in its source. */
function describe(message: string): string {
  const [, alert] = /alert ([a-z ]+):/.exec(message) ?? [];
  return alert === undefined ? message : `the broker answered "${alert}"`;
}

/**
 * ERR_AUTH if the broker refused credentials or a topic, or is not trusted; else ERR_MQTT.
 * `remedy` is for what the broker refused in MQTT, after it had accepted the certificate.
 */
export function brokerError(what: string, error: unknown, remedy?: string): LinnetError {
  const { code, message } = error as { code?: unknown; message: string };
  // A host with several addresses fails with an AggregateError, whose message is empty.
  const cause = `${what}: ${describe(message) || String(code)}`;
  const auth = (known: string | undefined): LinnetError =>
    new LinnetError('ERR_AUTH', cause, { ...(known && { remedy: known }), source: error });
  if (refusals.has(code)) return auth(remedy);
  const certificate =
    findRemedy(refusedCertificates, String(code)) ?? findRemedy(doubtedCertificates, String(code));
  if (certificate) return auth(certificate[1]);
  const noRetain = code === RETAIN_NOT_SUPPORTED && { remedy: 'give --without-retain' };
  return new LinnetError('ERR_MQTT', cause, { ...noRetain, source: error });
}
