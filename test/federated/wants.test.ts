import { afterEach, describe, expect, it } from 'vitest';
import { codec, type Want } from '../../host/contract/contract.gen.js';
import { sha256, toHex } from '../../host/contract/hash.js';
import { topicOf } from '../../host/contract/topics.js';
import { encodeWire } from '../../host/contract/wire.js';
import { Wants, type Wanted } from '../../host/federated/wants.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import { brokerCases } from '../mqtt/brokers.js';
import { waitFor } from '../mqtt/wait.js';
import { kernelBytes } from './fixture.js';
import { endScene, openScene } from './scene.js';
import { scope } from './scripted-node.js';

afterEach(endScene);

const hash = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const pack = (want: Want): Uint8Array => encodeWire('Want', want);

describe('wants', () => {
  function setUp() {
    const answers: Wanted[] = [];
    const warnings: string[] = [];
    const clock = { ms: 0 };
    let release: () => void = () => undefined;
    const wants = new Wants(
      (want) => {
        answers.push(want);
        return new Promise((resolve) => (release = resolve));
      },
      (text) => warnings.push(text),
      { now: () => clock.ms },
    );
    const settle = async (): Promise<void> => {
      release();
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { wants, answers, warnings, clock, settle };
  }

  it('are answered one after the other, each slice once', async () => {
    const { wants, answers, settle } = setUp();
    for (const want of [
      { hash: hash(1) },
      { hash: hash(2), offset: 32768 },
      {},
      { hash: hash(1), offset: 0 },
    ])
      wants.take(pack(want));
    expect(answers).toEqual([{ hash: hash(1) }]);
    for (let i = 0; i < 5; i++) await settle();
    expect(answers).toEqual([{ hash: hash(1) }, { hash: hash(2), offset: 32768 }, {}]);
  });

  it('are answered again after a second, or when the clock went back', async () => {
    const { wants, answers, clock, settle } = setUp();
    for (const [ms, count] of [
      [10_000, 1],
      [10_999, 1],
      [11_000, 2],
      [5_000, 3],
    ]) {
      clock.ms = ms;
      wants.take(pack({ hash: hash(1) }));
      await settle();
      expect(answers.length).toBe(count);
    }
  });

  it('wait in no more than 256 places, and end with the aggregator', async () => {
    const { wants, answers, settle } = setUp();
    for (let i = 0; i < 1000; i++) wants.take(pack({ hash: hash(1), offset: i }));
    for (let i = 0; i < 300; i++) await settle();
    expect(answers.length).toBe(256);
    wants.take(pack({}));
    wants.take(pack({ hash: hash(7) }));
    wants.close();
    for (let i = 0; i < 5; i++) await settle();
    expect(answers.length).toBe(257);
  });

  it('that make no sense are passed over', () => {
    const { wants, answers, warnings } = setUp();
    for (const bytes of [new Uint8Array(), Uint8Array.of(0xff), pack({}).subarray(1)])
      wants.take(bytes);
    expect(answers).toEqual([]);
    expect(warnings).toEqual(
      Array.from({ length: 3 }, () => expect.stringContaining('ignored') as string),
    );
  });
});

describe.each(brokerCases)('an aggregator on $name', (broker) => {
  it('gives what is wanted of its newest version, and nothing else', async () => {
    const scene = await openScene(broker);
    const downlink = { codec: codec.DENSE_3, snapshotEvery: 64 };
    const aggregator = await scene.aggregator({ downlink });
    await scene.nodes();
    await waitFor('version 2', () => scene.rounds.length >= 2);
    await aggregator.finished;
    const { url } = scene.running;
    const session = await connectMqtt({
      url,
      clientId: 'wanting',
      protocolVersion: broker.protocolVersion,
    });
    const live: string[] = [];
    session.onMessage((topic, _, retained) => void (retained || live.push(topic)));
    await session.subscribe('linnet/test/#');
    const want = (value: Want): Promise<void> =>
      session.publish(topicOf('want', scope, { node: 'ann' }), pack(value));
    const kernel = toHex(sha256(kernelBytes));
    await want({ hash: hash(9) });
    await want({ hash: sha256(kernelBytes), offset: 1 });
    await want({ hash: sha256(kernelBytes), offset: 32768 });
    await want({});
    await waitFor('the answers', () => live.some((topic) => topic.endsWith('/ann')));
    expect(live.filter((topic) => !topic.endsWith('/want'))).toEqual([
      `linnet/test/obj/${kernel}/32768`,
      'linnet/test/srv/state',
      expect.stringMatching(/mdl\/\w+\/ann$/),
    ]);
    await session.close();
  });

  it('leaves the newest snapshot and difference on the broker, and none before', async () => {
    const scene = await openScene(broker);
    const downlink = { codec: codec.DENSE_3, snapshotEvery: 2 };
    const aggregator = await scene.aggregator({ downlink, rounds: 5 });
    await scene.nodes();
    const { snapshot } = (await aggregator.finished)!;
    await aggregator.close();
    const objects = [...(await scene.retained()).keys()].filter((topic) => topic.includes('/obj/'));
    // A kernel of two slices, descriptor, snapshot, difference.
    expect(objects.length).toBe(5);
    expect(objects).toContain(`linnet/test/obj/${toHex(sha256(snapshot))}/0`);
  });
});
