/** Configuration of mosquitto 2 for a fleet. */
import { join } from 'node:path';

export interface BrokerSettings {
  /** Absolute path of the folder with the broker's files, on the broker's machine. */
  readonly folder: string;
  readonly port: number;
  /** Host names of the broker's certificate: one that is only called on loopback listens only there. */
  readonly hosts: readonly string[];
}

/** Files in the broker's folder. */
export const brokerFiles = {
  config: 'mosquitto.conf',
  acl: 'acl',
  ca: 'ca.pem',
  cert: 'server.pem',
  key: 'server.key',
  revoked: 'crl.pem',
  data: 'data',
} as const;

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

export function mosquittoConfig({ folder, port, hosts }: BrokerSettings): string {
  const file = (name: keyof typeof brokerFiles): string => join(folder, brokerFiles[name]);
  const address = hosts.every((host) => loopback.test(host)) ? ' 127.0.0.1' : '';
  return `# mosquitto 2.0 for a Linnet fleet (docs/FLEET.md). Begin it with: mosquitto -c ${file('config')}

# One listener, TLS only. Whoever has no certificate of this fleet's authority, or a revoked one, is
# refused before the first byte of MQTT.
listener ${port}${address}
tls_version tlsv1.2
cafile ${file('ca')}
certfile ${file('cert')}
keyfile ${file('key')}
crlfile ${file('revoked')}
require_certificate true

# The common name of the certificate is the user, and the client id as well: nobody can take over the
# session of somebody else, or end it.
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file ${file('acl')}

# Retained messages, sessions and queues survive a restart; after a crash the last seconds are missing,
# and aggregator and bridges repeat what has no receipt.
persistence true
persistence_location ${file('data')}/
autosave_interval 10
persistent_client_expiration 30d

# Bounds per client. What does not fit a queue is dropped; bridges publish it again.
max_packet_size 1048576
max_inflight_messages 20
max_queued_messages 10000
max_queued_bytes 67108864

log_type error
log_type warning
log_type notice
`;
}
