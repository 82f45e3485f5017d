import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeKeyOf, sha256 } from '../../host/contract/hash.js';
import { topics } from '../../host/contract/schema.js';
import { checkName, matchTopic, topicOf } from '../../host/contract/topics.js';
import { readUploadTopic } from '../../host/federated/intake.js';

const scope = { base: 'linnet', federation: 'demo' };

describe('topics', () => {
  it('fills in what is given and subscribes to the rest', () => {
    expect(topicOf('upload', scope, { model: 'ab', version: 3, shard: 0, node: 'n1' })).toBe(
      'linnet/demo/up/ab/3/0/n1',
    );
    expect(topicOf('upload', scope)).toBe('linnet/demo/up/+/+/+/+');
  });

  it('reads back what it wrote', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,32}$/);
    fc.assert(
      fc.property(name, fc.nat(), (node, version) => {
        const topic = topicOf('upload', scope, { model: 'ab', version, shard: 0, node });
        expect(matchTopic('upload', scope, topic)).toEqual({
          model: 'ab',
          version: String(version),
          shard: '0',
          node,
        });
      }),
    );
  });

  it('matches no other pattern, federation or base', () => {
    expect(matchTopic('birth', scope, 'linnet/demo/n/x/death')).toBeUndefined();
    expect(matchTopic('birth', scope, 'linnet/other/n/x/birth')).toBeUndefined();
    expect(matchTopic('birth', scope, 'linnet/demo/n/x/birth/more')).toBeUndefined();
  });

  it('are read from any text, or are none', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('linnet', 'demo', 'up', '0', '1', 'n1', '..', '', '+', '#', '__proto__'),
    );
    const text = fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('/'));
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((rest) => `linnet/demo/up/${rest}`),
        ),
        (topic) => {
          for (const { name } of topics) matchTopic(name, scope, topic);
          const read = readUploadTopic(scope, topic, new Uint8Array());
          if (read === undefined) return;
          expect(checkName(read.node, 'node')).toBe(read.node);
          expect(read.version).toBeLessThan(1e10);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('refuses names that could change a topic', () => {
    for (const name of ['', 'a/b', '+', '#', 'a b', 'ü', 'x'.repeat(33)])
      expect(() => checkName(name, 'node')).toThrow(/not a name/);
    expect(checkName('node-0.a_B', 'node')).toBe('node-0.a_B');
  });
});

describe('node keys', () => {
  it('are the first four bytes of the hash of the name', () => {
    const hash = sha256(new TextEncoder().encode('node-0'));
    expect(nodeKeyOf('node-0')).toBe(hash[0] + 256 * hash[1] + 65536 * hash[2] + 2 ** 24 * hash[3]);
  });
});
