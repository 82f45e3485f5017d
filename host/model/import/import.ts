/** A trained float model becomes a descriptor and a snapshot, and says what that cost. */
import { LinnetError } from '../../contract/error.js';
import {
  allSamples,
  sampleAt,
  samplesOfSplit,
  sampleLength,
  type Dataset,
} from '../../data/dataset.js';
import { buildChecked } from '../load.js';
import { parseDescriptor } from '../parse.js';
import { packSnapshot } from '../snapshot.js';
import type { Loss } from '../spec.js';
import type { Affine } from './affine.js';
import { describeSpec, type FloatModel } from './float-model.js';
import { toKernelDomain } from './kernel-domain.js';
import { quantiseModel, type LayerQuantisation } from './quantise.js';
import { scoreFloat, scoreKernel, toModelInput, type Score } from './score.js';

export interface ImportOptions {
  readonly dataset: Dataset;
  readonly scale: Affine;
  readonly loss: Loss;
  /** Bits left above the largest weight, for training that goes on. */
  readonly headroom: number;
  /** Samples to choose the exponents on. */
  readonly calibration: number;
}

export interface Imported {
  readonly descriptor: Uint8Array;
  readonly words: Int16Array;
  readonly snapshot: Uint8Array;
  readonly layers: readonly LayerQuantisation[];
  readonly inputExponent: number;
  readonly float: Score;
  readonly quantised: Score;
  /** Samples scored; those of the test split if there are any. */
  readonly samples: number;
  readonly isHeldOut: boolean;
}

/** `count` of the samples, evenly spaced. */
function thin(indices: readonly number[], count: number): number[] {
  const step = Math.max(1, indices.length / count);
  const length = Math.min(count, indices.length);
  return Array.from({ length }, (_, i) => indices[Math.floor(i * step)]);
}

function checkData(model: FloatModel, dataset: Dataset, loss: Loss): void {
  const info = describeSpec({ ...model.spec, loss });
  const classes = dataset.classNames.length;
  const fitsClasses = loss === 'squared-error' || info.classes === classes;
  if (info.inputs === sampleLength(dataset) && fitsClasses) return;
  throw new LinnetError(
    'ERR_SHAPE',
    `the model takes ${info.inputs} inputs and tells ${info.classes} classes apart, ` +
      `${dataset.name} has ${sampleLength(dataset)} and ${classes}`,
    { remedy: 'give the data the model was trained on' },
  );
}

/** Quantises a model on a dataset. Throws ERR_SHAPE if they do not fit, ERR_MODEL for what cannot be folded. */
export async function quantiseImport(
  model: FloatModel,
  { dataset, scale, loss, headroom, calibration }: ImportOptions,
): Promise<Imported> {
  checkData(model, dataset, loss);
  const isAutoencoder = loss === 'squared-error';
  const kernelModel = toKernelDomain(model, scale, loss);
  const { info } = kernelModel;
  const isTokens = info.layers[0].op === 'embedding';
  const unit = 2 ** info.input.exponent;
  const inputUnit = { scale: scale.scale.map(() => unit), offset: scale.offset.map(() => 0) };
  const train = dataset.hasSplit ? samplesOfSplit(dataset, 0) : allSamples(dataset);
  const inputs = thin(train, calibration).map((index) =>
    toModelInput(sampleAt(dataset, index), inputUnit, isTokens),
  );
  const quantised = quantiseModel(kernelModel, inputs, headroom);
  const descriptor = buildChecked({ ...kernelModel.spec, layers: quantised.layers });
  const { words } = quantised;
  const test = dataset.hasSplit ? samplesOfSplit(dataset, 1) : allSamples(dataset);
  return {
    descriptor,
    words,
    snapshot: packSnapshot(parseDescriptor(descriptor).hash, words),
    layers: quantised.report,
    inputExponent: info.input.exponent,
    float: scoreFloat(
      { ...model, spec: { ...model.spec, loss } },
      dataset,
      test,
      scale,
      isAutoencoder,
    ),
    quantised: await scoreKernel(descriptor, words, dataset, test, isAutoencoder),
    samples: test.length,
    isHeldOut: dataset.hasSplit,
  };
}
