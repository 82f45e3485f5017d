import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addAggregatorCommand } from '../../host/cli/aggregator.js';
import { addSettings, resolveSettings, type SettingTable } from '../../host/cli/settings.js';
import { runCommand } from './run-command.js';

const table = {
  nodes: { kind: 'integer', text: 'nodes', default: 4, minimum: 1, maximum: 100 },
  localEpochs: { kind: 'integer', text: 'epochs' },
  runtime: { kind: 'text', text: 'runtime', choices: ['v8', 'native'], default: 'native' },
  port: { kind: 'list', text: 'ports' },
  insecure: { kind: 'switch', text: 'no checks' },
} as const satisfies SettingTable;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'linnet-settings-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  delete process.env['LINNET_NODES'];
});

function writeConfig(text: string): string {
  const path = join(folder, 'linnet.yaml');
  writeFileSync(path, text);
  return path;
}

const emptyConfig = (): string => writeConfig('demo: {}');

describe('settings', () => {
  it('fall back to their defaults', () => {
    expect(resolveSettings('demo', table, {}, emptyConfig())).toEqual({
      nodes: 4,
      localEpochs: undefined,
      runtime: 'native',
      port: [],
      insecure: false,
    });
  });

  it('come from the flag before the environment before the file', () => {
    const path = writeConfig('demo: { nodes: 5, localEpochs: 3 }');
    expect(resolveSettings('demo', table, {}, path)).toMatchObject({ nodes: 5, localEpochs: 3 });
    process.env['LINNET_NODES'] = '6';
    expect(resolveSettings('demo', table, {}, path).nodes).toBe(6);
    expect(resolveSettings('demo', table, { nodes: '7' }, path).nodes).toBe(7);
  });

  it('become flags of the command', () => {
    const command = addSettings(new Command(), table).exitOverride();
    command.parse(['--nodes', '3', '--port', 'a', 'b', '--insecure', '--local-epochs', '2'], {
      from: 'user',
    });
    expect(resolveSettings('demo', table, command.opts(), emptyConfig())).toMatchObject({
      nodes: 3,
      localEpochs: 2,
      port: ['a', 'b'],
      insecure: true,
    });
  });

  it.each([
    ['demo: { node: 4 }', /demo\.node is not a setting.*nodes/],
    ['demo: { nodes: many }', /demo\.nodes.*many is not a whole number/],
    ['demo: { nodes: 0 }', /demo\.nodes.*1 to 100/],
    ['demo: { runtime: wasmtime }', /demo\.runtime.*v8, native/],
    ['demo: { runtime: 1 }', /demo\.runtime: runtime is not text: .*quotes, runtime: '1'/],
    ['demo: { insecure: 1 }', /demo\.insecure.*true or false/],
    ['dmo: {}', /dmo is not a section.*demo/],
    ['demo: 3', /demo is not a map/],
    ['- a', /not a map of sections/],
    ['demo: {', /linnet\.yaml: /],
  ])('refuse %s with the path of the mistake', (text, message) => {
    expect(() => resolveSettings('demo', table, {}, writeConfig(text))).toThrow(message);
  });

  it.each([
    [{ nodes: '1.5' }, /--nodes: 1\.5 is not a whole number/],
    [{ nodes: '101' }, /--nodes: nodes is 101, it must be 1 to 100/],
    [{ runtime: 'V8' }, /--runtime: "V8" is not one of v8, native/],
  ])('refuse the flags %j', (flags, message) => {
    expect(() => resolveSettings('demo', table, flags, emptyConfig())).toThrow(message);
  });

  it('refuse a quorum of the aggregator without a deadline', async () => {
    const flags = ['--quorum', '2', '--mqtt', 'mqtt://127.0.0.1:1', '--store', join(folder, 's')];
    const { error } = await runCommand(addAggregatorCommand, 'aggregator', ...flags);
    expect(error?.code).toBe('ERR_USAGE');
    expect(error?.message).toMatch(/^--quorum counts at the deadline, .*: give --deadline-ms, or/);
  });

  it('refuse a configuration file that is not there', () => {
    expect(() => resolveSettings('demo', table, {}, join(folder, 'none.yaml'))).toThrow(
      /none\.yaml does not exist/,
    );
  });
});
