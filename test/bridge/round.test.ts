import { existsSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { receipt } from '../../host/contract/contract.gen.js';
import { serveDataset } from '../../host/device/dataset-server.js';
import { packagePath } from '../../host/kernel/load.js';
import { brokerCases } from '../mqtt/brokers.js';
import * as fixture from '../node/fixture.js';
import { expectedEnvelope } from '../node/expectation.js';
import { makeFlash, nativeArguments, removeFlashes } from '../node/implementations.js';
import { processesWith } from '../link/processes.js';
import { v8Device } from './devices.js';
import { Rig } from './rig.js';

const nativeNode = packagePath('build/linnet-node');
const hasNative = existsSync(nativeNode);
if (!hasNative && process.env['CI']) throw new Error('CI needs build/linnet-node');
if (!hasNative) process.stderr.write('skipped: bridge with a native node, it was not built\n');

const objectBytes = [fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0)].reduce(
  (sum, object) => sum + object.length,
  0,
);

function envelopeOf(node: string, version: number): Uint8Array {
  return expectedEnvelope({
    announcement: fixture.announcementOf(version),
    node,
    descriptor: fixture.descriptor,
    words: fixture.wordsOf(version),
    dataset: fixture.dataset,
    kernelHash: fixture.kernelHash,
  });
}

let rig: Rig;

afterEach(() => rig.close());
afterAll(removeFlashes);

/** Waits for the upload of a version, accepts it, and returns its bytes. */
async function closeRound(node: string, version: number): Promise<Uint8Array> {
  const find = (): (typeof rig.aggregator.uploads)[number] | undefined =>
    rig.aggregator.uploadsOf(node).find(({ envelope }) => envelope.version === version);
  await rig.until(`version ${version} from ${node}`, () => find() !== undefined);
  await rig.aggregator.giveReceipt(find()!, receipt.ACCEPTED);
  return find()!.bytes;
}

describe.each(brokerCases)('on the $name', (brokerCase) => {
  it('carries rounds of two nodes, payloads unchanged and bytes counted', async () => {
    const { protocolVersion } = brokerCase;
    rig = await Rig.start({ broker: await brokerCase.start(), protocolVersion });
    const first = await rig.aggregator.publishVersion(0);
    const ports = [await rig.plugIn(v8Device('one')), await rig.plugIn(v8Device('two'))];
    const bridge = rig.bridge(...ports.map(({ address }) => ({ port: address })));
    const receipts: number[] = [];
    for (const node of ['one', 'two']) {
      expect(await closeRound(node, 0)).toEqual(envelopeOf(node, 0));
      expect(rig.aggregator.uploadsOf(node)[0].topic).toBe(
        `linnet/fixture/up/${Buffer.from(fixture.descriptorHash).toString('hex', 0, 8)}/0/0/${node}`,
      );
      expect(rig.aggregator.isAlive(node)).toBe(true);
      receipts.push(
        (await rig.aggregator.giveReceipt(rig.aggregator.uploadsOf(node)[0], 1)).length,
      );
    }
    await rig.until('the receipts', () =>
      bridge.report.every(({ stats }) => stats.receipts['ACCEPTED'] && stats.receipts['DUPLICATE']),
    );
    // One that was published again may still be on its way.
    await rig.until('all uploads', () =>
      bridge.report.every(
        ({ node, stats }) => rig.aggregator.uploadsOf(node).length === stats.uploads,
      ),
    );
    for (const [i, { node, stats, hello, kernelHash }] of bridge.report.entries()) {
      const sent = rig.aggregator.uploadsOf(node);
      expect(stats.uplinkBytes).toBe(sent.length * sent[0].bytes.length);
      expect(stats.uploads).toBe(sent.length);
      expect(stats.downlinkBytes).toBe(first.length + objectBytes + 2 * receipts[i]);
      expect(stats.linkBytes).toBeGreaterThan(stats.uplinkBytes + objectBytes);
      expect([stats.badFrames, stats.malformedMessages, stats.reconnects]).toEqual([0, 0, 0]);
      expect(hello!.runtime).toBe('v8');
      expect(kernelHash).toEqual(fixture.kernelHash);
    }
    await rig.aggregator.publishVersion(1);
    for (const node of ['one', 'two']) {
      expect(await closeRound(node, 1)).toEqual(envelopeOf(node, 1));
    }
    await bridge.close();
    await rig.until(
      'the deaths',
      () => !rig.aggregator.isAlive('one') && !rig.aggregator.isAlive('two'),
    );
    expect(rig.failure).toBeUndefined();
  });
});

describe('a node', () => {
  it('without name and samples gets both from its bridge', async () => {
    rig = await Rig.start();
    const port = await rig.plugIn(v8Device(''));
    rig.bridge({ port: port.address, node: 'named', samples: serveDataset(fixture.dataset) });
    await rig.aggregator.publishVersion(0);
    expect(await closeRound('named', 0)).toEqual(envelopeOf('named', 0));
  });

  it.skipIf(!hasNative)(
    'in a process of its own survives kill -9 in the middle of a round',
    async () => {
      rig = await Rig.start();
      const flash = makeFlash();
      const words = nativeArguments({ node: 'native', dataset: fixture.dataset, flash });
      const bridge = rig.bridge({ port: `exec:${[nativeNode, ...words].join(' ')}` });
      await rig.aggregator.publishVersion(0);
      await rig.until('the upload', () => rig.aggregator.uploads.length > 0);
      const [before] = rig.aggregator.uploads;
      expect(before.bytes).toEqual(envelopeOf('native', 0));
      const [pid] = processesWith(flash.directory);
      process.kill(pid, 'SIGKILL');
      await rig.until('the death', () => !rig.aggregator.isAlive('native'));
      await rig.until('the birth', () => rig.aggregator.isAlive('native'));
      const count = rig.aggregator.uploads.length;
      await rig.until('another upload', () => rig.aggregator.uploads.length > count + 1);
      for (const { bytes } of rig.aggregator.uploads) expect(bytes).toEqual(before.bytes);
      expect(await closeRound('native', 0)).toEqual(before.bytes);
      await rig.until('the receipt', () => bridge.report[0].stats.receipts['ACCEPTED'] === 1);
      expect(bridge.report[0].stats.reconnects).toBe(1);
      expect(bridge.report[0].hello!.bootEpoch).toBe(2);
    },
  );
});
