/**
 * An aggregator as a process that kills itself: `aggregator-child.ts SETTINGS.json`, with
 * LINNET_FAULT_POINT="name:count" when it passes that point for the count-th time. Says `started` and
 * at the end the hash of the final model; what ends it in between says so on stderr.
 */
import { readFileSync, writeSync } from 'node:fs';
import { Aggregator, type AggregatorOptions } from '../../host/federated/server.js';
import { loadKernels } from '../../host/kernel/load.js';
import { fatalPoint } from './fatal-point.js';

/** Options as JSON can carry them. */
export interface ChildSettings extends Pick<
  AggregatorOptions,
  'store' | 'mqtt' | 'federation' | 'rounds' | 'round' | 'downlink' | 'initialWords'
> {
  readonly descriptor: readonly number[];
  readonly plan: Omit<AggregatorOptions['plan'], 'classWeights'> & {
    readonly classWeights: readonly number[];
  };
}

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8')) as ChildSettings;
const aggregator = await Aggregator.start({
  ...settings,
  descriptor: Uint8Array.from(settings.descriptor),
  kernels: loadKernels(),
  plan: { ...settings.plan, classWeights: Int8Array.from(settings.plan.classWeights) },
  faultPoint: fatalPoint(process.env.LINNET_FAULT_POINT),
});
writeSync(1, 'started\n');
const final = await aggregator.finished;
await aggregator.close();
writeSync(1, `${final!.modelHash}\n`);
