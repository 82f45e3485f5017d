/** Layers as the oracle sees them: shapes, windows and the place of their parameters. */

/** [H][W][C], channels last. */
export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** What a window looks at, and where it stands. */
export interface Window {
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly padBottom: number;
  readonly padRight: number;
}

interface Layer {
  /** Shape of x as the window sees it: DENSE takes it for one pixel with I channels. */
  readonly input: Shape;
  readonly output: Shape;
}

/** Where the parameters stand among all of the model, and how they begin. */
interface Parameters {
  /** `l`: number among the layers with parameters. */
  readonly index: number;
  readonly rows: number;
  readonly rowLength: number;
  readonly weightExponent: number;
  readonly initBound: number;
  /** Number of the first weight; rows follow one another. */
  readonly weightOffset: number;
}

/** DENSE, CONV and DEPTHWISE: rows of weights, one bias each. */
export interface WeightedLayer extends Layer, Parameters {
  readonly kind: 'DENSE' | 'CONV' | 'DEPTHWISE';
  readonly window: Window;
  readonly relu: boolean;
  /** Number of the first bias, right behind the weights. */
  readonly biasOffset: number;
}

export interface PoolLayer extends Layer {
  readonly kind: 'MAX_POOL' | 'AVERAGE_POOL' | 'GLOBAL_AVERAGE_POOL';
  readonly window: Window;
}

export interface EmbeddingLayer extends Layer, Parameters {
  readonly kind: 'EMBEDDING';
}

export type AnyLayer = WeightedLayer | PoolLayer | EmbeddingLayer;

export interface Model {
  /** Elements of a sample. */
  readonly inputs: number;
  readonly inputExponent: number;
  /** First to last: layer n reads what layer n − 1 makes. */
  readonly layers: readonly AnyLayer[];
  readonly loss: 'SOFTMAX_CROSS_ENTROPY' | 'SQUARED_ERROR';
  /** Elements of the logits. */
  readonly outputs: number;
  /** 1 for SQUARED_ERROR. */
  readonly classes: number;
  readonly parameters: number;
}

export function elementsOf({ height, width, channels }: Shape): number {
  return height * width * channels;
}

export function isWeighted(layer: AnyLayer): layer is WeightedLayer {
  return layer.kind === 'DENSE' || layer.kind === 'CONV' || layer.kind === 'DEPTHWISE';
}

export function hasParameters(layer: AnyLayer): layer is WeightedLayer | EmbeddingLayer {
  return isWeighted(layer) || layer.kind === 'EMBEDDING';
}

/** Whether a zero in the output may be the work of a ReLU. */
export function hasRelu(layer: AnyLayer): boolean {
  return isWeighted(layer) && layer.relu;
}

/** Rows of positions, and positions of each: ⌊(pads + length − kernel) / stride⌋ + 1. */
export function positionsOf(input: Shape, window: Window): { rows: number; columns: number } {
  const { padTop, padBottom, padLeft, padRight } = window;
  const down = padTop + input.height + padBottom - window.kernelHeight;
  const across = padLeft + input.width + padRight - window.kernelWidth;
  return {
    rows: Math.floor(down / window.strideHeight) + 1,
    columns: Math.floor(across / window.strideWidth) + 1,
  };
}

/** One pixel of a window that lies inside the input. */
export interface WindowPixel {
  /** Its number within the window, row by row. */
  readonly inWindow: number;
  /** Its number within the input, row by row. */
  readonly inInput: number;
}

/** The window of every position, positions row by row; what lies on padding is left out. */
export function windowsOf({ input, window }: { input: Shape; window: Window }): WindowPixel[][] {
  const { rows, columns } = positionsOf(input, window);
  return Array.from({ length: rows * columns }, (_, position) => {
    const top = Math.floor(position / columns) * window.strideHeight - window.padTop;
    const left = (position % columns) * window.strideWidth - window.padLeft;
    const pixels: WindowPixel[] = [];
    for (let i = 0; i < window.kernelHeight; i++) {
      for (let j = 0; j < window.kernelWidth; j++) {
        const [row, column] = [top + i, left + j];
        const inside = row >= 0 && row < input.height && column >= 0 && column < input.width;
        const inWindow = i * window.kernelWidth + j;
        if (inside) pixels.push({ inWindow, inInput: row * input.width + column });
      }
    }
    return pixels;
  });
}
