import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseBytes } from '../../host/cli/model-device.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { loadFootprints, storeParts } from '../../host/model/footprint.js';
import { recordsOf, runModel } from './run-command.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'linnet-model-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const mnist = `
input: { height: 28, width: 28, exponent: -7 }
layers:
  - { conv2d: 8, kernel: 3, stride: 2, padding: same, activation: relu }
  - { conv2d: 16, kernel: 3, stride: 2, padding: same, activation: relu }
  - flatten
  - dense: 10
loss: softmax-cross-entropy
`;

interface Sized {
  readonly ramBytes: number;
  readonly flashBytes: number;
  readonly ram: readonly { readonly name: string; readonly bytes: number }[];
}

describe('linnet model', () => {
  it('new writes the descriptor that inspect reads', async () => {
    const out = join(folder, 'mnist.lnd');
    const made = await runModel('model', 'new', file('mnist.yaml', mnist), '-o', out);
    expect(made.error).toBeUndefined();
    expect(parseDescriptor(new Uint8Array(readFileSync(out))).parameters).toBe(9098);
    const fromYaml = await runModel('model', 'inspect', join(folder, 'mnist.yaml'));
    expect((await runModel('model', 'inspect', out)).stdout).toBe(fromYaml.stdout);
    expect(made.stdout).toBe(fromYaml.stdout);
    expect(made.stdout).toMatch(/1 {2}conv, relu +3×3 +2×2 +0 0 1 1 +7×7×16 +1152 \+ 16/);
    expect(made.stdout).toMatch(/arena: parameters +18\d\d\d\n/);
  });

  it('inspect adds up to the byte what a device needs, and every part once', async () => {
    const run = await runModel('--json', 'model', 'inspect', file('mnist.yaml', mnist));
    const [record] = recordsOf(run);
    expect(record).toMatchObject({ type: 'model', parameters: 9098, classes: 10, macs: 78400 });
    const device = record['device'] as Sized;
    expect(device.ram.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(device.ramBytes);
    const arena = device.ram.filter(({ name }) => name.startsWith('arena'));
    expect(arena.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(record['arenaBytes']);
    expect(arena.every(({ bytes }) => bytes >= 0)).toBe(true);
  });

  it('refuses what does not fit, names the cheapest change, and that change does fit', async () => {
    const out = join(folder, 'no.lnd');
    const yaml = file('mnist.yaml', mnist);
    const roomy = recordsOf(await runModel('--json', 'model', 'inspect', yaml))[0];
    const { ramBytes } = roomy['device'] as Sized;
    const limit = String(ramBytes - 1500);
    const flags = ['--ram', limit, '--flash', '512k', '-o', out];
    const refused = await runModel('--json', 'model', 'new', yaml, ...flags);
    expect(refused.error).toMatchObject({ code: 'ERR_BUDGET', exitCode: 2 });
    expect(existsSync(out)).toBe(false);
    const [, { changes }] = recordsOf(refused) as [unknown, { changes: Change[] }];
    expect(changes.map(({ loss }) => loss)).toEqual([...changes].map(({ loss }) => loss).sort());
    expect(refused.error!.message).toContain(changes[0].text);
    const narrower = changes.find(({ text }) => text.includes('conv2d'))!;
    const [, at, filters] = /layers\.(\d): conv2d: (\d+) instead/.exec(narrower.text)!;
    const changed = mnist.replace(at === '0' ? 'conv2d: 8' : 'conv2d: 16', `conv2d: ${filters}`);
    const smaller = file('smaller.yaml', changed);
    const fitting = await runModel('--json', 'model', 'new', smaller, ...flags);
    expect(fitting.error).toBeUndefined();
    expect(recordsOf(fitting)[0]['device']).toMatchObject({ ramBytes: narrower.ramBytes });
    expect(existsSync(out)).toBe(true);
  });

  it('finds two changes where one is not enough, and says when two are not', async () => {
    const yaml = file('mnist.yaml', mnist);
    const [record] = recordsOf(await runModel('--json', 'model', 'inspect', yaml));
    const { ramBytes } = record['device'] as Sized;
    const tight = await runModel('model', 'new', yaml, '--ram', String(ramBytes - 25_000));
    expect(tight.error!.message).toMatch(/cheapest change is .*, and /);
    const hopeless = await runModel('model', 'new', yaml, '--ram', '8k');
    expect(hopeless.error!.message).toMatch(
      /neither one change nor two make it fit; the nearest is .*, and /,
    );
  });

  it('counts less memory when the first layers are frozen', async () => {
    const yaml = file('mnist.yaml', mnist);
    const [all] = recordsOf(await runModel('--json', 'model', 'inspect', yaml));
    const [last] = recordsOf(await runModel('--json', 'model', 'inspect', yaml, '--freeze', '0'));
    expect(last['arenaBytes']).toBeLessThan(all['arenaBytes'] as number);
  });

  it.each([
    [['--ram', '64q'], /--ram: "64q" is no size: write bytes/],
    [['--core', 'z80'], /an accelerated node on z80 was never measured: use one of cortex-m4/],
    [['--kernel', 'fast'], /"fast" is not one of accelerated, portable/],
  ])('says what is wrong with %j', async (flags, message) => {
    const run = await runModel('model', 'inspect', file('mnist.yaml', mnist), ...flags);
    expect(run.error!.message).toMatch(message);
  });
});

interface Change {
  readonly text: string;
  readonly ramBytes: number;
  readonly loss: number;
}

describe('sizes', () => {
  it.each([
    ['64k', 65_536],
    ['1.5K', 1536],
    ['2m', 2_097_152],
    ['512KiB', 524_288],
    ['4096', 4096],
  ])('%s', (text, bytes) => expect(parseBytes(text, 'ram')).toBe(bytes));

  it.each(['', 'k', '-1', '0', '1.0001k', '1g'])('not %j', (text) => {
    expect(() => parseBytes(text, 'ram')).toThrow(/is no size/);
  });

  it('of a store are whole sectors for two snapshots', () => {
    const parts = storeParts(9098, 4096);
    expect(parts.at(-1)!.bytes).toBe(2 * 20_480);
    expect(storeParts(9098, 131_072).at(-1)!.bytes).toBe(2 * 131_072);
  });

  it('of a node were measured for both kernels', () => {
    const { cores } = loadFootprints();
    expect(Object.keys(cores['cortex-m4'])).toEqual(['accelerated', 'portable']);
  });
});
