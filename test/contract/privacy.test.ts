/** Samples stay on the device: everything of free length that a device or a bridge can send, named. */
import { describe, expect, it } from 'vitest';
import { messages, topics, wireMaps, type WireType } from '../../host/contract/schema.js';

/** Fields in which a sample would fit. */
const isFree = (type: string): boolean => type === 'bytes' || type === 'string8';

/** Keys of free length of a map and of those in it, with their paths. */
function freeKeys(name: string): string[] {
  const { keys } = wireMaps.find((map) => map.name === name)!;
  return keys.flatMap(({ name: key, type }) => {
    const inner = innerMap(type);
    if (inner !== undefined) return freeKeys(inner).map((path) => `${key}.${path}`);
    return type === 'bytes' || type === 'text' || type === 'uints' ? [key] : [];
  });
}

function innerMap(type: WireType): string | undefined {
  if (typeof type === 'string') return undefined;
  return 'map' in type ? type.map : type.list;
}

describe('what a device sends', () => {
  it('has no field for a sample: names, a line of text, and slices of the envelope', () => {
    const fields = messages.flatMap(({ name, from, request, response }) => [
      ...(from === 'host' ? [] : request.map((field) => ({ where: name, ...field }))),
      ...(from === 'device' ? [] : (response ?? []).map((field) => ({ where: name, ...field }))),
    ]);
    const free = fields.filter(({ type }) => isFree(type));
    expect(free.map(({ where, name }) => `${where}.${name}`)).toEqual([
      'HELLO.node',
      'HELLO.runtime',
      'HELLO.engine',
      'UPLOAD.data',
      'LOG.text',
    ]);
  });

  it('goes on from its bridge without any: the delta, counts, names and the last line', () => {
    const upward = topics.filter(({ writer }) => writer === 'node');
    const free = upward.flatMap(({ payload }) =>
      freeKeys(payload).map((path) => `${payload}.${path}`),
    );
    expect(free).toEqual([
      'Birth.runtime',
      'Birth.engine',
      'NodeStatus.log',
      'NodeStatus.lines.text',
      'Envelope.personal.confusion',
      'Envelope.training.confusion',
      'Envelope.evaluation.confusion',
      'Envelope.payload',
    ]);
  });
});
