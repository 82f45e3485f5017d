import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildDescriptor, parseDescriptor, weightScale } from '../../host/model/descriptor.js';
import { loadModel } from '../../host/model/load.js';
import { packSnapshot, unpackSnapshot } from '../../host/model/snapshot.js';
import { codeOf, hostileBytes } from '../contract/hostile.js';
import { loadVectors } from '../vectors/vector-file.js';

function yamlFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'linnet-model-')), 'model.yaml');
  writeFileSync(path, text);
  return path;
}

/** Those that a group of the vectors plans. */
const descriptorsOf = (group: string): Uint8Array[] =>
  loadVectors(group).cases.flatMap(({ script }) =>
    script.flatMap((step) =>
      step.do === 'plan' ? [new Uint8Array(Buffer.from(step.descriptor, 'hex'))] : [],
    ),
  );

const gait = `
input: { width: 16, channels: 3, exponent: -6, unit: g }
layers:
  - { dense: 32, activation: relu }
  - { dense: 4 }
loss: softmax-cross-entropy
`;

describe('models in YAML', () => {
  it('become the descriptor that parses back', () => {
    const info = parseDescriptor(loadModel(yamlFile(gait)));
    expect(info).toMatchObject({ inputs: 48, classes: 4, parameters: 48 * 32 + 32 + 32 * 4 + 4 });
    expect(info.input).toMatchObject({
      height: 1,
      width: 16,
      channels: 3,
      exponent: -6,
      unit: 'g',
    });
    expect(info.layers.map((layer) => [layer.inputs, layer.outputs, layer.activation])).toEqual([
      [48, 32, 'relu'],
      [32, 4, 'none'],
    ]);
  });

  it('may be given as the descriptor itself', () => {
    const descriptor = loadModel(yamlFile(gait));
    const path = join(mkdtempSync(join(tmpdir(), 'linnet-model-')), 'model.lnd');
    writeFileSync(path, descriptor);
    expect(loadModel(path)).toEqual(descriptor);
  });

  it.each([
    [gait.replace('dense: 32', 'conv: 32'), /layers\.0/],
    [gait.replace('softmax-cross-entropy', 'mse'), /loss/],
    [gait.replace('width: 16', 'width: 0'), /input\.width/],
    [gait.replace('unit: g', 'units: g'), /input.*units/],
    ['[', /not YAML/],
  ])('are refused with the path of the mistake', (text, message) => {
    expect(() => loadModel(yamlFile(text))).toThrow(message);
  });

  it('say which file cannot be read', () => {
    expect(() => loadModel('no-such-model.yaml')).toThrow(/no-such-model\.yaml: cannot be read/);
  });
});

describe('weight scales', () => {
  it('leave two bits of headroom above the initial bound', () => {
    for (const fanIn of [1, 16, 32, 130, 784, 1152, 32768]) {
      for (const activation of ['relu', 'none'] as const) {
        const bound = Math.sqrt((activation === 'relu' ? 6 : 3) / fanIn);
        const scale = weightScale(fanIn, activation);
        expect(127 * 2 ** scale.exponent).toBeGreaterThanOrEqual(4 * bound);
        expect(127 * 2 ** (scale.exponent - 1)).toBeLessThan(4 * bound);
        expect(scale.bound * 2 ** (scale.exponent - 8)).toBeCloseTo(bound, 2);
      }
    }
  });
});

describe('descriptors', () => {
  const codes = ['OK', 'ERR_DESCRIPTOR', 'ERR_UNKNOWN_OP', 'ERR_TENSOR', 'ERR_SHAPE'];

  it('are read from any bytes, or refused', () => {
    const good = fc.constantFrom(...['dense', 'pool', 'refusals'].flatMap(descriptorsOf));
    fc.assert(
      fc.property(hostileBytes(good), (bytes) => {
        expect([...codes, 'ERR_MESSAGE']).toContain(codeOf(() => parseDescriptor(bytes)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('snapshots', () => {
  const hash = new Uint8Array(32).fill(9);
  const words = Int16Array.of(-32768, -1, 0, 1, 32767);

  it('round-trip', () => {
    expect(unpackSnapshot(packSnapshot(hash, words), hash)).toEqual(words);
  });

  it('refuse other bytes, truncation and another model', () => {
    const bytes = packSnapshot(hash, words);
    expect(() => unpackSnapshot(bytes.subarray(0, bytes.length - 1))).toThrow(/cut off/);
    expect(() => unpackSnapshot(new Uint8Array(3))).toThrow(/not a model snapshot/);
    expect(() => unpackSnapshot(bytes, new Uint8Array(32))).toThrow(/another model/);
  });

  it('are read from any bytes, or refused', () => {
    const good = fc.int16Array({ maxLength: 40 }).map((each) => packSnapshot(hash, each));
    fc.assert(
      fc.property(hostileBytes(good), (bytes) => {
        const code = codeOf(() => unpackSnapshot(bytes, hash));
        expect(['OK', 'ERR_DATA', 'ERR_VERSION']).toContain(code);
      }),
      { numRuns: 500 },
    );
  });

  it('have a hash that depends on every word', () => {
    const descriptor = buildDescriptor({
      input: { width: 2, exponent: 0 },
      layers: [{ op: 'dense', outputs: 2 }],
      loss: 'softmax-cross-entropy',
    });
    expect(parseDescriptor(descriptor).hash).not.toEqual(hash);
    expect(packSnapshot(hash, words)).not.toEqual(
      packSnapshot(
        hash,
        words.map((word, i) => (i === 2 ? 1 : word)),
      ),
    );
  });
});
