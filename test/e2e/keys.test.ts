/** A federation with keys, and a broker that does what it likes with its messages. */
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { announcementTag, federationKey } from '../../host/contract/authentic.js';
import { receipt, type Announcement } from '../../host/contract/contract.gen.js';
import { idOf, sha256, toHex } from '../../host/contract/hash.js';
import { topicOf } from '../../host/contract/topics.js';
import { decodeWire, encodeWire } from '../../host/contract/wire.js';
import { waitFor } from '../mqtt/wait.js';
import * as fixture from '../node/fixture.js';
import {
  endStages,
  federation,
  hashWithoutKeys,
  keyOf,
  nativeNode,
  scope,
  Stage,
} from './keyed-stage.js';
import { hasQemu } from './toolchains.js';

afterEach(endStages);

describe('a federation with keys', () => {
  it('ends with the hash of one without, on whatever runs the nodes', async () => {
    const expected = await hashWithoutKeys();
    const stage = await Stage.open({ keys: ['ann', 'ben'] });
    await stage.join('ann', keyOf('ann'));
    if (existsSync(nativeNode)) stage.joinNative('ben', keyOf('ben'));
    else await stage.join('ben', keyOf('ben'));
    expect(await stage.finish()).toBe(expected);
    const upload = stage.last('upload', 'ann')!;
    expect(decodeWire('Envelope', upload).mac).toHaveLength(16);
  });

  it('shows no key in any message or log', async () => {
    const stage = await Stage.open({ keys: ['ann', 'ben'] });
    await stage.join('ann', keyOf('ann'));
    if (existsSync(nativeNode)) stage.joinNative('ben', keyOf('ben'));
    else await stage.join('ben', keyOf('ben'));
    await stage.finish();
    // A refusal makes a log.
    const topic = topicOf('announcement', scope, { model: toHex(idOf(fixture.descriptorHash)) });
    const forged = { ...decodeWire('Announcement', stage.last('announcement')!), version: 9 };
    const bytes = encodeWire('Announcement', forged);
    const tag = { announcement: idOf(sha256(bytes)), mac: new Uint8Array(16).fill(1) };
    for (const node of ['ann', 'ben']) {
      const place = topicOf('authorisation', scope, { node });
      await stage.hand.publish(place, encodeWire('Authorisation', tag));
    }
    await stage.hand.publish(topic, bytes);
    await waitFor('two refusals', () => stage.logs.length > 1);
    const said = [...stage.seen.map(([, bytes]) => bytes), Buffer.from(stage.logs.join('\n'))];
    expect(said.length).toBeGreaterThan(10);
    for (const node of ['ann', 'ben']) {
      for (const key of [keyOf(node), federationKey(keyOf(node), federation, node)]) {
        for (const shown of [Buffer.from(key), Buffer.from(toHex(key))])
          expect(said.some((bytes) => Buffer.from(bytes).includes(shown))).toBe(false);
      }
    }
  });

  it('lets a node in that got its key while a version waits for it', async () => {
    const stage = await Stage.open({ keys: ['ann'], rounds: 1 });
    await stage.join('ann', keyOf('ann'));
    await stage.join('ben', keyOf('ben'));
    await waitFor('the first upload', () => stage.codesOf('ann').includes(receipt.ACCEPTED));
    stage.giveKey('ben');
    await stage.finish();
    expect(stage.codesOf('ben')).toContain(receipt.ACCEPTED);
  });

  it('counts no upload that is altered, replayed, or of somebody else', async () => {
    const stage = await Stage.open({ keys: ['ann', 'ben'], rounds: 2 });
    await stage.join('ann', keyOf('ann'));
    await waitFor('an upload', () => stage.codesOf('ann').includes(receipt.ACCEPTED));
    const upload = stage.last('upload', 'ann')!;
    for (let at = 0; at < upload.length; at += 1 + Math.floor(upload.length / 60)) {
      const altered = upload.map((byte, i) => (i === at ? byte ^ 4 : byte));
      expect([at, await stage.forge('ann', 0, altered)]).toEqual([at, receipt.BAD_MAC]);
    }
    expect(await stage.forge('ann', 0, upload.slice(0, -18))).toBe(receipt.BAD_MAC);
    expect(await stage.forge('ben', 0, upload)).toBe(receipt.BAD_MAC);
    expect(await stage.forge('eve', 0, upload)).toBe(receipt.BAD_MAC);
    expect(await stage.forge('ann', 1, upload)).toBe(receipt.MALFORMED);
    expect(await stage.forge('ann', 0, upload)).toBe(receipt.DUPLICATE);
    await stage.join('ben', keyOf('ben'));
    await waitFor('the next version', () => stage.aggregator.model.version > 0);
    expect(await stage.forge('ann', 0, upload)).toBe(receipt.DUPLICATE);
    expect(await stage.finish()).toBe(await hashWithoutKeys());
  }, 60_000);

  it('has nodes that follow no altered, older or swapped announcement', async () => {
    const stage = await Stage.open({ keys: ['ann', 'ben'], rounds: 3 });
    await stage.join('ann', keyOf('ann'));
    await stage.join('ben', keyOf('ben'));
    const head = (): Announcement => decodeWire('Announcement', stage.last('announcement')!);
    const tagOf = (node: string): Uint8Array =>
      decodeWire('Authorisation', stage.last('authorisation', node)!).mac;
    await waitFor('the first announcement', () => stage.last('announcement') !== undefined);
    const [first, firstTag] = [stage.last('announcement')!, tagOf('ann')];
    await waitFor('the final version', () => head().final === true);
    const [final, finalTag] = [stage.last('announcement')!, tagOf('ann')];
    const topic = topicOf('announcement', scope, { model: toHex(idOf(fixture.descriptorHash)) });
    const tagTopic = topicOf('authorisation', scope, { node: 'ann' });
    /** What the node's bridge has to say about it. */
    const say = async (bytes: Uint8Array, mac: Uint8Array): Promise<string> => {
      stage.logs.length = 0;
      const tag = encodeWire('Authorisation', { announcement: idOf(sha256(bytes)), mac });
      await stage.hand.publish(tagTopic, tag, { retain: true });
      await stage.hand.publish(topic, bytes, { retain: true });
      const said = (): string | undefined => stage.logs.find((line) => line.startsWith('ann: '));
      await waitFor('a refusal', () => said() !== undefined);
      return said()!;
    };
    const altered = { ...head(), version: 9, final: false };
    const bytes = encodeWire('Announcement', altered);
    expect(await say(bytes, finalTag)).toContain('no tag, or a wrong one');
    expect(await say(final.slice(), tagOf('ben'))).toContain('no tag, or a wrong one');
    expect(await say(first, firstTag)).toContain('older than one');
    const elsewhere = { ...altered, federation: 'elsewhere' };
    const foreign = encodeWire('Announcement', elsewhere);
    const key = federationKey(keyOf('ann'), federation, 'ann');
    expect(await say(foreign, announcementTag(key, foreign))).toContain('no tag, or a wrong one');
    expect(stage.aggregator.model.version).toBe(3);
  });
});

describe.runIf(hasQemu)('a Cortex-M4 board with a key', () => {
  it('is told and believed by its tags, and changes no bit of the model', async () => {
    const expected = await hashWithoutKeys();
    const stage = await Stage.open({ keys: ['ann', 'ben'] });
    await stage.join('ann', keyOf('ann'));
    stage.joinBoard('ben', keyOf('ben'));
    expect(await stage.finish()).toBe(expected);
    expect(stage.codesOf('ben')).toContain(receipt.ACCEPTED);
    expect(stage.codesOf('ben')).not.toContain(receipt.BAD_MAC);
    const upload = stage.last('upload', 'ben')!;
    expect(decodeWire('Envelope', upload).mac).toHaveLength(16);
    const spoilt = Uint8Array.from(upload, (byte, i) => byte ^ Number(i === upload.length - 1));
    expect(await stage.forge('ben', 1, spoilt)).toBe(receipt.BAD_MAC);
  });

  it('follows nobody who has another key, and is refused where it has none', async () => {
    const stage = await Stage.open({ keys: ['ann', 'ben'] });
    stage.joinBoard('ann', keyOf('ben'));
    stage.joinBoard('ben');
    await waitFor('a refusal of the announcement', () =>
      stage.logs.some((line) => /^ann: .*no tag, or a wrong one/.test(line)),
    );
    await waitFor('a refusal of the upload', () => stage.codesOf('ben').length > 0);
    expect(stage.codesOf('ben')[0]).toBe(receipt.BAD_MAC);
    expect(stage.codesOf('ann')).toEqual([]);
    expect(stage.aggregator.model.version).toBe(0);
  });
});
