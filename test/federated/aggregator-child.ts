/**
 * An aggregator as a process of its own that tests can kill: `aggregator-child.ts <json>`. With
 * LINNET_FAULT_POINT="name:count" it kills itself when it passes that point for the count-th time.
 * Prints "started" and, at the end, the final model hash; then nothing must keep it alive.
 */
import { writeSync } from 'node:fs';
import { codec } from '../../host/contract/contract.gen.js';
import type { FaultPoint } from '../../host/federated/fault-point.js';
import { Aggregator } from '../../host/federated/server.js';
import { parseRoundKey } from '../../host/proof/delegation.js';
import { aggregatorOptions } from './federation.js';
import { slicedDescriptor } from './fixture.js';

export interface ChildSettings {
  readonly folder: string;
  readonly url: string;
  readonly protocolVersion: 4 | 5;
  readonly rounds: number;
  /** As a file. */
  readonly roundKey: string;
}

function faultPointOf(setting: string | undefined): FaultPoint {
  if (setting === undefined) return () => undefined;
  const [fatal, count] = setting.split(':');
  let left = Number(count);
  return (name) => {
    if (name !== fatal || --left > 0) return;
    writeSync(2, `killed at ${name}\n`);
    process.kill(process.pid, 'SIGKILL');
    for (;;);
  };
}

const settings = JSON.parse(process.argv[2]) as ChildSettings;
const { folder, url, protocolVersion, rounds, roundKey } = settings;
const aggregator = await Aggregator.start(
  aggregatorOptions(folder, url, {
    mqtt: { url, protocolVersion, reconnectMs: 50 },
    descriptor: slicedDescriptor,
    rounds,
    roundKey: parseRoundKey(roundKey, 'round.pem'),
    // The models are those of any other coding, which expectedHashes() relies on.
    downlink: { codec: codec.RICE_INT16, snapshotEvery: 5 },
    faultPoint: faultPointOf(process.env.LINNET_FAULT_POINT),
  }),
);
writeSync(1, 'started\n');
const final = await aggregator.finished;
await aggregator.close();
writeSync(1, `${final!.modelHash}\n`);
