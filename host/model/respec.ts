import type { LayerInfo, ModelInfo } from './info.js';
import type { ModelSpec, RecordedSpec } from './spec.js';

function layerSpec(layer: LayerInfo): RecordedSpec {
  const { activation, kernel, stride, pads } = layer;
  switch (layer.op) {
    case 'dense':
      return { op: 'dense', outputs: layer.outputs, activation };
    case 'conv':
      return { op: 'conv2d', filters: layer.outputs, kernel, stride, padding: pads, activation };
    case 'depthwise':
      return { op: 'depthwise2d', kernel, stride, padding: pads, activation };
    case 'maxPool':
      return { op: 'maxPool2d', size: kernel, stride };
    case 'averagePool':
      return { op: 'averagePool2d', size: kernel, stride };
    case 'globalAveragePool':
      return { op: 'globalAveragePool' };
    case 'embedding':
      return { op: 'embedding', vocabulary: layer.rows, channels: layer.outputs };
  }
}

/** A spec that builds a model of the same shapes; weight scales follow from the shapes again. */
export function specOfModel(model: ModelInfo): ModelSpec {
  return { input: model.input, layers: model.layers.map(layerSpec), loss: model.loss };
}
