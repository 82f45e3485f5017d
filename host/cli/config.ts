/** linnet.yaml: one section per command, unknown sections and keys rejected with their path. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { LinnetError } from '../contract/error.js';

export interface ConfigSource {
  readonly path: string;
  readonly sections: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
}

/** Sections are the commands that have settings, and the device that models are made for. */
export const configSections = [
  'demo',
  'aggregator',
  'bridge',
  'node',
  'sim',
  'train',
  'devices',
  'replay',
  'audit',
  'retract',
  'rollback',
  'device',
  'fleet',
] as const;

function fail(cause: string, remedy?: string): never {
  throw new LinnetError('ERR_CONFIG', cause, remedy === undefined ? {} : { remedy });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readConfig(path: string): ConfigSource {
  const document = parseDocument(readFileSync(path, 'utf8'));
  const problem = document.errors[0];
  if (problem) fail(`${path}: ${problem.message.split('\n')[0]}`);
  const value: unknown = document.toJS() ?? {};
  if (!isRecord(value)) fail(`${path}: the file is not a map of sections`);
  for (const [section, content] of Object.entries(value)) {
    if (!(configSections as readonly string[]).includes(section)) {
      fail(`${path}: ${section} is not a section`, `use one of ${configSections.join(', ')}`);
    }
    if (!isRecord(content)) fail(`${path}: ${section} is not a map of settings`);
  }
  return { path, sections: value as ConfigSource['sections'] };
}

/** The named file, or ./linnet.yaml and the user's file where they exist, nearest first. */
export function loadConfig(path?: string): ConfigSource[] {
  if (path !== undefined) {
    if (!existsSync(path)) fail(`${path} does not exist`, 'name a file that does with --config');
    return [readConfig(path)];
  }
  const userFolder = process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  return ['linnet.yaml', join(userFolder, 'linnet', 'linnet.yaml')]
    .filter(existsSync)
    .map(readConfig);
}
