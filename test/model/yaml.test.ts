import { describe, expect, it } from 'vitest';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { buildChecked } from '../../host/model/load.js';
import { layerNames, parseModelYaml } from '../../host/model/yaml.js';

/** A model with these layers, as text. */
function yaml(layers: string, input = 'width: 128, channels: 3', loss = 'softmax-cross-entropy') {
  return `input: { ${input}, exponent: -6 }\nlayers:\n${layers}\nloss: ${loss}\n`;
}

function read(text: string) {
  return parseDescriptor(buildChecked(parseModelYaml(text)));
}

/** The one line a user sees. */
function complaint(text: string): string {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

describe('a model as text', () => {
  it('reads like the net it is', () => {
    const model = read(
      yaml(`
  - { conv1d: 8, kernel: 5, stride: 2, padding: same, activation: relu }
  - { depthwise1d: 3, padding: [1, 1] }
  - relu
  - maxPool1d: 4
  - globalAveragePool
  - dense: 6`),
    );
    expect(model.layers.map((l) => [l.op, l.outputShape.join('×'), l.activation])).toEqual([
      ['conv', '1×64×8', 'relu'],
      ['depthwise', '1×64×8', 'relu'],
      ['maxPool', '1×16×8', 'none'],
      ['globalAveragePool', '1×1×8', 'none'],
      ['dense', '1×1×6', 'none'],
    ]);
  });

  it('has two-dimensional layers, explicit pads and an autoencoder’s loss', () => {
    const image = read(
      yaml(
        `
  - { conv2d: 4, kernel: [3, 5], stride: [2, 1], padding: { top: 1, left: 2, bottom: 0, right: 1 } }
  - { depthwise2d: 3, padding: same, activation: relu }
  - { averagePool2d: 2 }
  - flatten
  - dense: 2`,
        'height: 12, width: 10',
      ),
    );
    expect(image.layers.map((l) => l.outputShape)).toEqual([
      [6, 9, 4],
      [6, 9, 4],
      [3, 4, 4],
      [1, 1, 2],
    ]);
    expect(image.layers[0].pads).toEqual({ top: 1, left: 2, bottom: 0, right: 1 });
    const coder = read(yaml('  - dense: 4\n  - relu\n  - dense: 384', undefined, 'squared-error'));
    expect(coder).toMatchObject({ classes: 1, outputs: 384 });
  });

  it.each([
    ['- lstm: 32', 'use two or three conv1d layers'],
    ['- GRU: { units: 3 }', 'use two or three conv1d layers'],
    ['- batch_norm', 'leave it out of a new model'],
    ['- Dropout: 0.5', 'leave it out'],
    ['- sigmoid', 'use relu'],
    ['- tanh', 'use relu'],
    ['- gelu', 'use relu'],
    ['- add: [0, 1]', 'a model is a chain'],
    ['- { conv1dTranspose: 8, kernel: 3 }', 'end an autoencoder in a dense layer'],
    ['- softmax', 'the loss softmax-cross-entropy contains it'],
    ['- { conv: 8, kernel: 3 }', 'write conv1d for a series'],
    ['- linear: 8', 'write dense'],
    ['- global_max_pool', 'use globalAveragePool'],
    ['- { separableConv2d: 8, kernel: 3 }', 'depthwise2d followed by conv2d'],
    ['- { cnv1d: 8, kernel: 3 }', 'did you mean conv1d'],
    ['- { frobnicate: 8 }', 'the layers are dense, conv1d'],
  ])('names what to use instead of %s', (layer, remedy) => {
    const line = complaint(yaml(`  - dense: 4\n  ${layer}\n  - dense: 2`));
    expect(line).toContain('layers.1');
    expect(line).toContain(remedy);
  });

  it.each([
    ['- { conv1d: 8, kernle: 3 }', 'layers.0: unknown key kernle: did you mean kernel?'],
    ['- { dense: 8, stride: 2 }', 'layers.0: unknown key stride'],
    ['- { conv1d: 8 }', 'layers.0.kernel'],
    ['- { conv1d: 8, kernel: 0 }', 'layers.0.kernel'],
    ['- { conv1d: 8, kernel: 3, padding: full }', 'layers.0.padding: write same, valid'],
    ['- { conv2d: 8, kernel: 3, stride: [1, 2, 3] }', 'layers.0.stride: write one number'],
    ['- { dense: 8, conv1d: 3, kernel: 3 }', 'layers.0: dense and conv1d in one layer'],
    ['- { globalAveragePool: 3, stride: 2 }', 'layers.0: globalAveragePool has no options'],
    ['- conv1d', 'layers.0: conv1d needs a value'],
    ['- 7', 'layers.0: this is not a layer'],
    ['- { kernel: 7 }', 'layers.0: the layer has no name'],
    ['- relu', 'layers.0: relu follows no layer'],
    ['- { conv1d: 4, kernel: 200 }', 'layers.0 (conv1d, input 1×128×3): a window of 1×200'],
    ['- { dense: 4000 }\n  - flatten\n  - { dense: 40000 }', 'layers.2 (dense, input 1×1×4000)'],
    ['- { conv1d: 4, kernel: 3, padding: 3 }', 'layers.0 (conv1d, input 1×128×3): padding as'],
    ['- { embedding: 9, channels: 4 }', 'layers.0 (embedding, input 1×128×3): tokens'],
    ['- { dense: 3 }\n  - { embedding: 9, channels: 4 }', 'put embedding first'],
  ])('names the layer and the remedy of %s', (layers, expected) => {
    expect(complaint(yaml(`  ${layers}\n  - dense: 2`))).toContain(expected);
  });

  it.each([
    ['- dense: 1', 'loss: 1 classes'],
    ['- { conv1d: 8, kernel: 1 }', 'loss: 1024 classes'],
    ['- { dense: 4, activation: relu }', 'leave out its relu'],
    ['- globalAveragePool', 'the loss reads no dense or conv layer'],
  ])('names what is wrong at the end of %s', (layer, expected) => {
    expect(complaint(yaml(`  ${layer}`))).toContain(expected);
  });

  it('refuses unknown keys and losses with a hint', () => {
    const layers = '  - dense: 2';
    expect(complaint(yaml(layers, 'width: 4, chanels: 2'))).toContain('did you mean channels?');
    expect(complaint(yaml(layers) + 'optimiser: adam\n')).toContain('unknown key optimiser');
    expect(complaint(yaml(layers, 'width: 4', 'mse'))).toContain('squared-error');
    expect(complaint(yaml(layers, 'width: 4', 'squared-error'))).toContain('{ dense: 4 }');
    expect(complaint('layers: {')).toContain('not YAML');
  });

  it('knows every layer the descriptor knows', () => {
    expect(layerNames).toHaveLength(13);
  });
});
