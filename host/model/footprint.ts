/**
 * What a device needs for a model, byte by byte: the arena as the kernel itself plans it, and the rest
 * of a node as it was measured on the board (firmware/footprint.json, written by `npm run footprint`).
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { constant, type RegionName } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import type { Kernel, Region } from '../kernel/kernel.js';
import { packagePath } from '../kernel/load.js';
import { layerOps, type ModelInfo } from './info.js';

export interface Part {
  readonly name: string;
  readonly bytes: number;
}

export interface Need {
  readonly ram: readonly Part[];
  readonly flash: readonly Part[];
  readonly ramBytes: number;
  readonly flashBytes: number;
}

const parts = z.record(z.string(), z.int().min(0));
const imageSchema = z.strictObject({
  /** Variables and stack. */
  ram: parts,
  /** Heap of the interpreter beside linear memory while it trains. */
  interpreter: z.strictObject({
    /** Of a model of dense layers: tables, its stack, compiled code. */
    dense: z.int().min(0),
    /** Compiled code that a layer of another kind adds. */
    layers: z.partialRecord(z.enum(layerOps), z.int().min(0)),
  }),
  /**
   * Heap a kernel takes to plan a model, linear memory included: the code that plans is given back before
   * the arena is laid out, so it counts only for a model whose training needs less.
   */
  planningHeap: z.int().min(0),
  /** The image by owner, without store and kernel. */
  flash: parts,
});
const footprintSchema = z.strictObject({
  command: z.string(),
  /** Core, then build of the kernel. */
  cores: z.record(z.string(), z.record(z.string(), imageSchema)),
});

export type ImageFootprint = z.infer<typeof imageSchema>;
export type Footprints = z.infer<typeof footprintSchema>;

/** The measured images. Throws ERR_INTERNAL if the file is missing or broken: it belongs to the package. */
export function loadFootprints(): Footprints {
  try {
    const text = readFileSync(packagePath('firmware/footprint.json'), 'utf8');
    return footprintSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new LinnetError('ERR_INTERNAL', 'firmware/footprint.json cannot be read', {
      remedy: 'run `npm run footprint`',
      source: error,
    });
  }
}

/** Sizes of the store's slots (firmware/src/store.h). */
const cellBytes = 64;
const recordSectors = 2;
const kernelSlotBytes = 32_768;

/** Flash of the store for a model: records, two descriptors, one kernel, two snapshots, in whole sectors. */
export function storeParts(parameters: number, sectorBytes: number): Part[] {
  const sectors = (bytes: number): number => Math.ceil(bytes / sectorBytes) * sectorBytes;
  const snapshot = constant.SNAPSHOT_HEADER_BYTES + 2 * parameters;
  return [
    { name: 'store: records', bytes: recordSectors * sectorBytes },
    {
      name: 'store: two descriptor slots',
      bytes: 2 * sectors(cellBytes + constant.DESCRIPTOR_MAX_BYTES),
    },
    { name: 'store: kernel slot', bytes: sectors(kernelSlotBytes) },
    { name: 'store: two snapshot slots', bytes: 2 * sectors(cellBytes + snapshot) },
  ];
}

/** What people call the regions of the arena. */
const regionNames: Readonly<Record<RegionName, string>> = {
  DESCRIPTOR: 'descriptor',
  LAYERS: 'layer table',
  PARAMETERS: 'parameters',
  ACTIVATIONS: 'activations',
  WIDE: 'accumulators',
  SCRATCH: 'scratch',
  ERROR: 'error of a layer',
  LOGITS: 'logits',
  LOSS: 'error of the loss',
  CONFUSION: 'confusion matrix',
  CLASS_WEIGHTS: 'class weights',
  IO: 'transfer buffer',
};

/** What the kernel planned. */
export interface Arena {
  readonly bytes: number;
  readonly regions: readonly Region[];
}

export function readArena(kernel: Kernel): Arena {
  return { bytes: kernel.word('arenaBytes'), regions: kernel.regions() };
}

export function arenaParts({ bytes, regions }: Arena): Part[] {
  const named = regions.map((region) => ({
    name: `arena: ${regionNames[region.name]}`,
    bytes: region.bytes,
  }));
  const rest = bytes - named.reduce((sum, part) => sum + part.bytes, 0);
  return [...named, { name: 'arena: block, tables, guards', bytes: rest }];
}

function listParts(record: Readonly<Record<string, number>>): Part[] {
  return Object.entries(record).map(([name, bytes]) => ({ name, bytes }));
}

function sum(list: readonly Part[]): number {
  return list.reduce((total, { bytes }) => total + bytes, 0);
}

/** Heap beside the arena. */
function interpreterParts(arena: Arena, { layers }: ModelInfo, image: ImageFootprint): Part[] {
  const { dense, layers: extra } = image.interpreter;
  const kinds = new Set(layers.map(({ op }) => op));
  const inTraining = [
    { name: 'interpreter: tables, stack, compiled code', bytes: dense },
    ...[...kinds].map((op) => ({ name: `interpreter: code of ${op}`, bytes: extra[op] ?? 0 })),
  ].filter(({ bytes }) => bytes > 0);
  const beyond = image.planningHeap - arena.bytes - sum(inTraining);
  return beyond > 0
    ? [...inTraining, { name: 'interpreter: planning, beyond training', bytes: beyond }]
    : inTraining;
}

/** RAM and flash of a node that trains this model. */
export function needOf(
  arena: Arena,
  model: ModelInfo,
  image: ImageFootprint,
  sectorBytes: number,
): Need {
  const ram = [
    ...arenaParts(arena),
    ...listParts(image.ram),
    ...interpreterParts(arena, model, image),
  ];
  const flash = [...listParts(image.flash), ...storeParts(model.parameters, sectorBytes)];
  return { ram, flash, ramBytes: sum(ram), flashBytes: sum(flash) };
}
