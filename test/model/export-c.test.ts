/** Exported headers, compiled with every warning an error, against the kernel: bit for bit. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kernel } from '../../host/kernel/kernel.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import {
  buildDescriptor,
  parseDescriptor,
  type LayerSpec,
  type ModelSpec,
} from '../../host/model/descriptor.js';
import { exportC } from '../../host/model/export/c-header.js';
import { packSnapshot } from '../../host/model/snapshot.js';

const relu = { activation: 'relu' } as const;

/** Every layer kind, stride and pad, both losses, large biases and extreme words among them. */
const models: Readonly<Record<string, ModelSpec>> = {
  one: model([{ op: 'dense', outputs: 4 }], { width: 7, exponent: -6 }),
  series: model(
    [
      { op: 'conv1d', filters: 5, kernel: 5, stride: 2, padding: 'same', ...relu },
      { op: 'depthwise1d', kernel: 4, padding: [2, 1], ...relu },
      { op: 'maxPool1d', size: 3, stride: 2 },
      { op: 'conv1d', filters: 6, kernel: 2 },
      { op: 'globalAveragePool' },
      { op: 'dense', outputs: 3 },
    ],
    { width: 40, channels: 3, exponent: -5 },
  ),
  image: model(
    [
      { op: 'conv2d', filters: 4, kernel: [3, 2], stride: [2, 1], padding: 'same', ...relu },
      { op: 'averagePool2d', size: [2, 3], stride: [1, 2] },
      { op: 'depthwise2d', kernel: 3, padding: 1 },
      { op: 'dense', outputs: 9, ...relu },
      { op: 'dense', outputs: 5 },
    ],
    { height: 11, width: 9, channels: 2, exponent: 3 },
  ),
  tokens: model(
    [
      { op: 'embedding', vocabulary: 20, channels: 6 },
      { op: 'conv1d', filters: 8, kernel: 3, ...relu },
      { op: 'maxPool1d', size: 2 },
      { op: 'dense', outputs: 2 },
    ],
    { width: 16, exponent: 0 },
  ),
  pixels: model(
    [
      { op: 'maxPool2d', size: 2 },
      { op: 'conv2d', filters: 3, kernel: 3, padding: 'same' },
    ],
    { height: 8, width: 6, exponent: -7 },
  ),
  coder: {
    ...model(
      [
        { op: 'dense', outputs: 6, ...relu },
        { op: 'dense', outputs: 24 },
      ],
      { width: 24, exponent: -4, unit: '*/mV' },
    ),
    loss: 'squared-error',
  },
};

function model(layers: readonly LayerSpec[], input: ModelSpec['input']): ModelSpec {
  return { input, layers, loss: 'softmax-cross-entropy' };
}

const samples = 40;

/** Repeatable words and samples, the extremes among them. */
class Draws {
  private state = 99;
  next(range: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * range);
  }
  words(count: number, magnitude: number): Int16Array {
    return Int16Array.from({ length: count }, () => {
      const rare = this.next(50);
      if (rare < 2) return rare === 0 ? -32768 : 32767;
      return this.next(2 * magnitude) - magnitude;
    });
  }
  sample(count: number, kind: number): Int8Array {
    const spread = [256, 256, 9, 1][kind % 4];
    return Int8Array.from({ length: count }, () => this.next(spread) - (spread >> 1));
  }
}

interface Case {
  readonly name: string;
  readonly header: string;
  readonly x: Uint8Array;
  /** Answer, exponent and logits of every sample, as the kernel gives them. */
  readonly expected: string[];
}

async function makeCase(name: string, spec: ModelSpec, draws: Draws): Promise<Case> {
  const engine = await openV8Engine(loadKernelBytes());
  const kernel = new Kernel(engine);
  const descriptor = buildDescriptor(spec);
  const info = parseDescriptor(descriptor);
  kernel.plan(descriptor);
  const words = draws.words(info.parameters, 9000);
  kernel.loadParameters(words);
  const x = new Uint8Array(samples * info.inputs);
  const expected: string[] = [];
  for (let n = 0; n < samples; n++) {
    const sample = draws.sample(info.inputs, n);
    x.set(new Uint8Array(sample.buffer), n * info.inputs);
    const predicted = kernel.infer(sample);
    const bytes = engine.readBytes(kernel.word('logitsPtr'), 4 * info.outputs);
    const answer = spec.loss === 'squared-error' ? kernel.score() : predicted;
    const exponent = kernel.word('logitsExponent') | 0;
    expected.push([answer, exponent, ...new Int32Array(bytes.buffer)].join(' '));
  }
  kernel.close();
  const header = exportC(descriptor, packSnapshot(info.hash, words), name);
  return { name, header, x, expected };
}

/** Reads the samples of one model from stdin and prints what the header computes. */
function mainProgram(names: readonly string[]): string {
  const bodies = names.map((name) => {
    const upper = name.toUpperCase();
    return `    if (strcmp(argv[1], "${name}") == 0) {
        static struct ${name}_work work;
        static int8_t x[${upper}_INPUTS];
        while (fread(x, 1, sizeof x, stdin) == sizeof x) {
            long answer = (long)${name}_infer(x, &work);
            printf("%ld %d", answer, work.exponent);
            for (int i = 0; i < ${upper}_OUTPUTS; i++) printf(" %ld", (long)work.wide[i]);
            printf("\\n");
        }
    }`;
  });
  return `#include <stdio.h>\n#include <string.h>\n${names
    .map((name) => `#include "${name}.h"\n`)
    .join('')}
int main(int argc, char **argv) {
    if (argc != 2) return 2;
${bodies.join('\n')}
    return 0;
}\n`;
}

function findCompiler(): string | undefined {
  return ['gcc', 'clang', 'cc'].find((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

const compiler = findCompiler();
if (compiler === undefined) console.log('exported headers are not compiled: no C compiler');

let folder: string;
let cases: Case[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'linnet-export-'));
  const draws = new Draws();
  cases = [];
  for (const [name, spec] of Object.entries(models)) cases.push(await makeCase(name, spec, draws));
  if (compiler === undefined) return;
  for (const { name, header } of cases) writeFileSync(join(folder, `${name}.h`), header);
  writeFileSync(join(folder, 'main.c'), mainProgram(Object.keys(models)));
  const warnings = ['-Wall', '-Wextra', '-Werror', '-Wconversion', '-Wsign-conversion', '-Wshadow'];
  const undefinedBehaviour = ['-fsanitize=undefined', '-fno-sanitize-recover=all'];
  const flags = ['-std=c99', '-pedantic', '-O1', ...warnings, ...undefinedBehaviour];
  execFileSync(compiler, [...flags, 'main.c', '-o', 'main'], { cwd: folder, stdio: 'pipe' });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(compiler === undefined && !process.env['CI'])('an exported header', () => {
  it.each(Object.keys(models))('computes the bits of the kernel: %s', (name) => {
    const { x, expected } = cases.find((one) => one.name === name)!;
    const output = execFileSync(join(folder, 'main'), [name], { input: x, encoding: 'utf8' });
    expect(output.trim().split('\n')).toEqual(expected);
    // The comparison means something: not all samples get one answer.
    expect(new Set(expected).size).toBeGreaterThan(samples / 2);
  });

  it('is refused a name that is none, and a snapshot of another model', () => {
    const descriptor = buildDescriptor(models['one']);
    const { hash, parameters } = parseDescriptor(descriptor);
    const snapshot = packSnapshot(hash, new Int16Array(parameters));
    expect(() => exportC(descriptor, snapshot, 'My-Model')).toThrow(/cannot name C functions/);
    expect(() => exportC(buildDescriptor(models['image']), snapshot, 'm')).toThrow(/another model/);
  });
});
