/** A federation whose every connection is mutual TLS, through the real mosquitto and the real CLI. */
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nativeNodePath } from '../../host/cli/demo/runtimes.js';
import { dealShards } from '../../host/cli/demo/shards.js';
import { prepareTask } from '../../host/cli/task.js';
import { createKey, packPublicKey } from '../../host/proof/keys.js';
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
      ...['--store', scene.path('store'), '--json', '--cohort', String(cohort), ...flagsOfPlan()],
    ]);
    const ports = [...shards, { ...shards[0], node: 'revoked' }].map(
      ({ node, path }) =>
        `exec:${nativeNodePath()} --name ${node} --data ${path} --flash ${scene.path(node)} --key ${join(credentials, node, 'node.key')}`,
    );
    const bridge = startCli(scene, [
      ...['bridge', ...mqtt, '--credentials', credentials, '--state', scene.path('state')],
      ...['--port', ...ports],
    ]);
    await bridge.waitForOutput('certificate revoked');
    const [{ code, stdout, stderr: notes }, reference] = await Promise.all([
      aggregator.ended,
      runSmallFederation(scene, { nodes: cohort }),
    ]);
    expect(code).toBe(0);
    // Those beside its credentials.
    expect(notes).toContain(`keys of ${cohort} nodes`);
    const rounds = parseRecords(stdout).filter(({ type }) => type === 'round');
    expect(rounds.map(({ modelHash }) => modelHash)).toEqual(
      reference.rounds.map(({ modelHash }) => modelHash),
    );
    expect(rounds.map(({ contributions }) => contributions)).toEqual([cohort, cohort]);
    // The bridge passed only what the fleet's root key vouches for; an auditor sees the same chain.
    const roots = ['fleet/root/root.pub', 'foreign.pub'].map((file) => join(broker.folder, file));
    writeFileSync(roots[1], packPublicKey(createKey()));
    const audits = roots.map((root) =>
      startCli(scene, ['audit', '--store', scene.path('store'), '--root', root, '--json']),
    );
    const [own, foreign] = await Promise.all(audits.map(({ ended }) => ended));
    expect(own.code).toBe(0);
    expect(parseRecords(own.stdout).at(-1)).toMatchObject({ type: 'audit', last: 2, holds: true });
    expect(foreign.code).toBe(5);
    expect(foreign.stderr).toMatch(/breaks at version 0: .*not signed by the root key .*ERR_AUTH/);
    expect(readdirSync(scene.path('state'))).toEqual(['outbox', 'seen-linnet.json']);
    const { stderr } = await bridge.kill('SIGTERM');
    const warnings = parseRecords(stderr.replace(/^[^{].*$/gm, '')).map(({ node }) => node);
    expect(new Set(warnings)).toEqual(new Set(['revoked']));
  });
});
