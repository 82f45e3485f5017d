/** A federation whose every connection is mutual TLS, through the real mosquitto and the real CLI. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nativeNodePath } from '../../host/cli/demo/runtimes.js';
import { dealShards } from '../../host/cli/demo/shards.js';
import { prepareTask } from '../../host/cli/task.js';
import { SecuredBroker } from '../fleet/secured-broker.js';
import { hasMosquitto } from '../mqtt/mosquitto.js';
import { parseRecords, startCli } from './process.js';
import { Scene } from './scene.js';
import { flagsOfPlan, runSmallFederation, smallPlan } from './small-federation.js';
import { hasNative } from './toolchains.js';

const cohort = 2;

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.end());

describe.skipIf(!hasNative || !hasMosquitto)('a federation of a fleet', () => {
  it('ends with the hash of the demo, and without the node that was revoked', async () => {
    const broker = await SecuredBroker.start(['node-0', 'node-1', 'revoked']);
    scene.defer(() => broker.close());
    // On the bridge's machine nobody knows of the revocation.
    const credentials = scene.path('credentials');
    cpSync(join(broker.fleetFolder, 'nodes'), credentials, { recursive: true });
    await broker.fleet().revoke(['revoked']);
    await broker.reload();

    const { dataset } = prepareTask({ subjects: cohort });
    const { shards } = dealShards(dataset, cohort, smallPlan.seed, scene.path('shards'));
    const mqtt = ['--mqtt', broker.url, '--mqtt-version', '5'];
    const aggregator = startCli(scene, [
      ...['aggregator', ...mqtt, '--credentials', join(broker.fleetFolder, 'aggregator')],
      ...['--keys', join(broker.fleetFolder, 'keys')],
      ...['--store', scene.path('store'), '--json', '--cohort', String(cohort), ...flagsOfPlan()],
    ]);
    const ports = [...shards, { ...shards[0], node: 'revoked' }].map(
      ({ node, path }) =>
        `exec:${nativeNodePath()} --name ${node} --data ${path} --flash ${scene.path(node)} --key ${join(credentials, node, 'node.key')}`,
    );
    const bridge = startCli(scene, [
      ...['bridge', ...mqtt, '--credentials', credentials, '--port', ...ports],
    ]);
    await bridge.waitForOutput('certificate revoked');
    const [{ code, stdout }, reference] = await Promise.all([
      aggregator.ended,
      runSmallFederation(scene, { nodes: cohort }),
    ]);
    expect(code).toBe(0);
    const rounds = parseRecords(stdout).filter(({ type }) => type === 'round');
    expect(rounds.map(({ modelHash }) => modelHash)).toEqual(
      reference.rounds.map(({ modelHash }) => modelHash),
    );
    expect(rounds.map(({ contributions }) => contributions)).toEqual([cohort, cohort]);
    const { stderr } = await bridge.kill('SIGTERM');
    const warnings = parseRecords(stderr.replace(/^[^{].*$/gm, '')).map(({ node }) => node);
    expect(new Set(warnings)).toEqual(new Set(['revoked']));
  });
});
