import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeFds1 } from '../../host/data/fds1.js';
import { unpackSnapshot } from '../../host/model/snapshot.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { trainSmallNet } from '../model/trained.js';
import { writeOnnx, writeTorchNpz } from '../model/trained-files.js';
import { recordsOf, runModel } from './run-command.js';

let folder: string;
const at = (name: string): string => join(folder, name);

const yaml = `
input: { width: 128, exponent: -6 }
layers:
  - { conv1d: 6, kernel: 7, stride: 2, padding: same, activation: relu }
  - averagePool1d: 3
  - { conv1d: 8, kernel: 3, activation: relu }
  - maxPool1d: 3
  - flatten
  - dense: 3
loss: softmax-cross-entropy
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'linnet-import-'));
  const trained = await trainSmallNet();
  // Without the RR intervals, which the net does not read.
  const dataset = { ...trained.dataset, extra: new Uint16Array(), extraCount: 0, extraNames: [] };
  writeFds1(at('beats.bin'), dataset);
  writeFileSync(at('net.onnx'), writeOnnx(trained));
  writeFileSync(at('net.npz'), writeTorchNpz(trained));
  writeFileSync(at('net.yaml'), yaml);
  writeFileSync(at('garbage.onnx'), 'no model at all');
  writeFileSync(at('garbage.npz'), 'no model at all');
  writeFileSync(at('half.npz'), readFileSync(at('net.npz')).subarray(0, 1000));
});
afterAll(() => rmSync(folder, { recursive: true }));

const importNet = (file: string, ...flags: string[]) =>
  runModel('--json', 'model', 'import', at(file), '-o', at('out'), ...flags);
const withLayers = (): string[] => ['--layers', at('net.yaml'), ...data()];
const data = (): string[] => ['--data', at('beats.bin'), '--input-scale', '0.015625'];

interface Scores {
  readonly float: { readonly accuracy: number };
  readonly quantised: { readonly accuracy: number };
  readonly lost: number;
}

describe('linnet model import', () => {
  it('turns ONNX into a descriptor and a snapshot and says what was lost', async () => {
    const run = await importNet('net.onnx', ...data());
    expect(run.error).toBeUndefined();
    const [model, record] = recordsOf(run);
    expect(model).toMatchObject({ type: 'model', parameters: 48 + 152 + 147 });
    const { float, quantised, lost } = record as unknown as Scores;
    expect(float.accuracy).toBeGreaterThan(0.8);
    expect(lost).toBeCloseTo(100 * (float.accuracy - quantised.accuracy), 6);
    expect(Math.abs(lost)).toBeLessThan(1);
    const descriptor = new Uint8Array(readFileSync(at('out.lnd')));
    const snapshot = new Uint8Array(readFileSync(at('out.lns')));
    const info = parseDescriptor(descriptor);
    expect(unpackSnapshot(snapshot, info.hash)).toHaveLength(info.parameters);
    const people = await runModel('model', 'import', at('net.onnx'), '-o', at('out'), ...data());
    expect(people.stdout).toMatch(
      /held out for testing\nfloat +\d\d\.\d\d %\nint8 +\d\d\.\d\d %\n/,
    );
  });

  it('leaves a model that export turns into C and arrays', async () => {
    await importNet('net.onnx', ...data());
    const files = ['--c', at('Beat-net.h'), '--npz', at('again.npz')];
    const run = await runModel('model', 'export', at('out.lnd'), '-w', at('out.lns'), ...files);
    expect(run.error).toBeUndefined();
    const header = readFileSync(at('Beat-net.h'), 'utf8');
    expect(header).toContain('static inline int32_t beat_net_infer(const int8_t *x,');
    expect(header).toContain('#define BEAT_NET_INPUTS 128');
    const again = await importNet('again.npz', '--layers', at('net.yaml'), ...data());
    expect(again.error).toBeUndefined();
    const nothing = await runModel('model', 'export', at('out.lnd'), '-w', at('out.lns'));
    expect(nothing.error?.message).toMatch(/give --c or --npz/);
  });

  it('takes a .npz with its layers, and refuses what its device cannot hold', async () => {
    expect((await importNet('net.npz', ...withLayers())).error).toBeUndefined();
    const refused = await importNet('net.npz', ...withLayers(), '--ram', '16k');
    expect(refused.error).toMatchObject({ code: 'ERR_BUDGET' });
  });

  it.each<[string, string, () => string[], RegExp]>([
    ['no data', 'net.onnx', () => [], /give --data/],
    ['no scale', 'net.onnx', () => ['--data', at('beats.bin')], /give --input-scale/],
    ['no layers', 'net.npz', data, /give --layers/],
    ['no model', 'garbage.onnx', data, /garbage\.onnx: the file .* ONNX/],
    ['no arrays', 'garbage.npz', withLayers, /garbage\.npz: the file is no \.npz: .*numpy\.savez/],
    ['half of them', 'half.npz', withLayers, /half\.npz: the file is no \.npz: .*numpy\.savez/],
    ['a wrong flag', 'net.onnx', () => ['--loss', 'mse'], /"mse" is not one of softmax/],
    [
      'a scale of two',
      'net.onnx',
      () => [...data(), '--input-offset', '1,2'],
      /2 numbers for 1 chan/,
    ],
    ['an offset', 'net.onnx', () => [...data(), '--input-offset', '1'], /offset before the padded/],
  ])('says what is wrong: %s', async (_, file, flags, message) => {
    const run = await importNet(file, ...flags());
    expect(run.error?.message).toMatch(message);
    expect(run.error?.exitCode).toBe(2);
  });
});
