/** A broker that means harm, between an aggregator that signs and a bridge that knows the root key. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receipt } from '../../host/contract/contract.gen.js';
import { packPublicKey, parsePublicKey } from '../../host/proof/keys.js';
import { signProof } from '../../host/proof/proof.js';
import { brokerCases } from '../mqtt/brokers.js';
import { announcementOf, encodeAnnouncement } from '../node/fixture.js';
import { root, roundKeyOf } from '../proof/fixture.js';
import { v8Device } from './devices.js';
import { Rig, timing } from './rig.js';

const roundKey = roundKeyOf(1);
const announced = (version: number): Uint8Array => encodeAnnouncement(announcementOf(version));
const proofOf = (version: number): Uint8Array =>
  signProof(roundKey, announced(version), version > 0 ? announced(version - 1) : undefined);

let rig: Rig;
let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'linnet-state-'));
});
afterEach(async () => {
  await rig.close();
  rmSync(state, { recursive: true });
});

/** As an aggregator does. */
async function publish(version: number): Promise<void> {
  await rig.aggregator.publishProof(proofOf(version));
  await rig.aggregator.publishVersion(version);
}

const versionsOf = (node: string): number[] => [
  ...new Set(rig.aggregator.uploadsOf(node).map(({ envelope }) => envelope.version)),
];

/** The node trains on a version and gets its receipt. */
async function closeRound(version: number): Promise<void> {
  await rig.until(`version ${version}`, () => versionsOf('one').includes(version));
  const upload = rig.aggregator
    .uploadsOf('one')
    .find(({ envelope }) => envelope.version === version);
  await rig.aggregator.giveReceipt(upload!, receipt.ACCEPTED);
}

/** Long enough for a bridge to have passed on whatever it would. */
const pause = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, timing.proofMs + timing.pingMs));

describe.each(brokerCases)('on the $name', (brokerCase) => {
  it('a V8 node trains on what was signed, and on nothing that was altered or is played again', async () => {
    const { protocolVersion } = brokerCase;
    rig = await Rig.start({ broker: await brokerCase.start(), protocolVersion });
    rig.trust = { root: parsePublicKey(packPublicKey(root), 'root.pub'), state };
    await publish(0);
    const port = await rig.plugIn(v8Device('one'));
    const bridge = rig.bridge({ port: port.address });
    await closeRound(0);
    await publish(1);
    await closeRound(1);
    expect(rig.refusals).toEqual([]);

    // An announcement of the broker's own, without a proof and with that of another.
    await rig.aggregator.publishVersion(7);
    await rig.until('a refusal', () => rig.refusals.length === 1);
    expect(rig.refusals[0]).toMatch(/^ERR_AUTH: an announcement is not the one that was signed/);
    // A proof that the broker made, with a key nobody delegated.
    const forged = signProof(roundKeyOf(9, roundKey.key), announced(7), announced(6));
    await rig.aggregator.publishProof(forged);
    await rig.until('a refusal', () => rig.refusals.length === 2);
    expect(rig.refusals[1]).toMatch(/^ERR_AUTH: the delegation .* not signed by the root key/);
    // The past, whole and well signed.
    await rig.aggregator.publishProof(proofOf(0));
    await rig.aggregator.publishAnnouncement(announced(0));
    await rig.until('a refusal', () => rig.refusals.length === 3);
    expect(rig.refusals[2]).toMatch(/^ERR_AUTH: version 0 comes after version 1 was seen/);
    expect(versionsOf('one')).toEqual([0, 1]);

    // After a restart the bridge knows what it has seen, and it has served the node all the time.
    await bridge.close();
    const again = rig.bridge({ port: port.address });
    await rig.until('a refusal', () => rig.refusals.length === 4);
    expect(rig.refusals[3]).toBe(rig.refusals[2]);
    await publish(2);
    await closeRound(2);
    await pause();
    expect(versionsOf('one')).toEqual([0, 1, 2]);
    expect(rig.refusals).toHaveLength(4);
    expect(rig.failure).toBeUndefined();
    await again.close();
  });
});
