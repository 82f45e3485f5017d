/** What a user writes down of a model; everything else follows from it. */

export type Activation = 'none' | 'relu';

export interface InputSpec {
  /** H of an image; 1 (the default) for a series or a flat vector. */
  readonly height?: number;
  /** W of an image, T of a series, or the length of a flat vector. */
  readonly width: number;
  /** C, the fastest index; default 1. */
  readonly channels?: number;
  /** Real value = int8 · 2^exponent. */
  readonly exponent: number;
  /** Up to four ASCII letters, such as `mV`. */
  readonly unit?: string;
  /** Physical value of one LSB in millionths of the unit. */
  readonly microUnitsPerLsb?: number;
}

/** One number for both directions, or [rows, columns]. */
export type Extent = number | readonly [number, number];

/** Zeros around an input. */
export interface Pads {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/**
 * `same`: the output has ⌈input / stride⌉ positions, the smaller half of the zeros before; `valid`
 * (the default): no zeros. One number: zeros on either side; a pair: before and behind a series.
 */
export type Padding = 'same' | 'valid' | number | readonly [number, number] | Pads;

/** Scale of a layer's weights; absent, it follows from the row length (SPEC, end of section 3). */
export interface WeightScale {
  /** ew: the int8 operand is worth 2^ew. */
  readonly exponent: number;
  /** Bq: initial weights are uniform in ±Bq · 2^(ew−8). */
  readonly bound: number;
}

interface Weighted {
  readonly activation?: Activation;
  readonly weights?: WeightScale;
}

interface Sliding {
  readonly kernel: Extent;
  readonly stride?: Extent;
  readonly padding?: Padding;
}

export interface DenseSpec extends Weighted {
  readonly op: 'dense';
  readonly outputs: number;
}

/** conv1d slides along W; a number for kernel or stride is that of W alone. */
export interface ConvSpec extends Weighted, Sliding {
  readonly op: 'conv1d' | 'conv2d';
  readonly filters: number;
}

export interface DepthwiseSpec extends Weighted, Sliding {
  readonly op: 'depthwise1d' | 'depthwise2d';
}

export interface PoolSpec {
  readonly op: 'maxPool1d' | 'maxPool2d' | 'averagePool1d' | 'averagePool2d';
  readonly size: Extent;
  /** Default: the size, so that windows do not overlap. */
  readonly stride?: Extent;
}

export interface EmbeddingSpec {
  readonly op: 'embedding';
  readonly vocabulary: number;
  readonly channels: number;
  readonly weights?: WeightScale;
}

export interface GlobalAveragePoolSpec {
  readonly op: 'globalAveragePool';
}

/** Words without a record. Flatten is for readers alone: tensors lie flat in memory as they are. */
export interface WordSpec {
  readonly op: 'flatten' | 'relu';
}

/** A layer that becomes a record of the descriptor. */
export type RecordedSpec =
  DenseSpec | ConvSpec | DepthwiseSpec | PoolSpec | EmbeddingSpec | GlobalAveragePoolSpec;

export type LayerSpec = RecordedSpec | WordSpec;

export const losses = ['softmax-cross-entropy', 'squared-error'] as const;
export type Loss = (typeof losses)[number];

export interface ModelSpec {
  readonly input: InputSpec;
  readonly layers: readonly LayerSpec[];
  readonly loss: Loss;
}
