/**
 * Settings of commands. One table per command gives its flags, its environment variables
 * (`LINNET_…`), its section of linnet.yaml and its defaults; a value comes from the first of: flag,
 * environment, ./linnet.yaml, the user's linnet.yaml, default.
 */
import type { Command } from 'commander';
import { Option } from 'commander';
import { LinnetError } from '../contract/error.js';
import { adviseWord } from '../model/advice.js';
import { loadConfig, type ConfigSource } from './config.js';

interface Kinds {
  integer: number;
  text: string;
  list: readonly string[];
  switch: boolean;
}

export type SettingKind = keyof Kinds;

export interface Setting {
  readonly kind: SettingKind;
  readonly text: string;
  /** Placeholder in --help. */
  readonly value?: string;
  readonly short?: string;
  readonly default?: Kinds[SettingKind];
  readonly choices?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

export type SettingTable = Readonly<Record<string, Setting>>;

type Required<S extends Setting> = S extends { default: unknown }
  ? true
  : S['kind'] extends 'switch' | 'list'
    ? true
    : false;

/** What resolveSettings() returns: a value per setting, undefined where there is no default. */
export type Resolved<T extends SettingTable> = {
  readonly [K in keyof T]: Required<T[K]> extends true
    ? Kinds[T[K]['kind']]
    : Kinds[T[K]['kind']] | undefined;
};

const kebab = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const environmentName = (name: string): string =>
  `LINNET_${kebab(name).replaceAll('-', '_').toUpperCase()}`;

function usage(cause: string, remedy?: string): LinnetError {
  return new LinnetError('ERR_USAGE', cause, remedy === undefined ? {} : { remedy });
}

/** What to do where YAML takes 1 for a number and [0, 1] for a list. */
const quoted = (name: string, value: unknown): string | undefined =>
  typeof value === 'number' || Array.isArray(value)
    ? `write it in quotes, ${name}: '${String(value)}'`
    : undefined;

/** Throws ERR_CONFIG with the setting that was meant, or all there are. */
function failUnknown(where: string, key: string, table: SettingTable): never {
  const known = Object.keys(table);
  throw new LinnetError('ERR_CONFIG', `${where}.${key} is not a setting`, {
    remedy: adviseWord(key, known, `use one of ${known.join(', ')}`),
  });
}

/** Adds one flag per setting to a command. */
export function addSettings(command: Command, table: SettingTable): Command {
  for (const [name, setting] of Object.entries(table)) {
    const long = `--${kebab(name)}`;
    const placeholder =
      setting.kind === 'switch'
        ? ''
        : setting.kind === 'list'
          ? ' <value...>'
          : ` <${setting.value ?? setting.kind}>`;
    const option = new Option(
      (setting.short ? `${setting.short}, ` : '') + long + placeholder,
      describe(name, setting),
    );
    command.addOption(option);
  }
  return command;
}

function describe(name: string, setting: Setting): string {
  const fallback = setting.default === undefined ? '' : ` [${String(setting.default)}]`;
  const choices = setting.choices ? ` (${setting.choices.join(' | ')})` : '';
  const environment =
    setting.kind === 'switch' || setting.kind === 'list' ? '' : ` env ${environmentName(name)}`;
  return `${setting.text}${choices}${fallback}${environment ? ` —${environment}` : ''}`;
}

function parseText(name: string, setting: Setting, value: unknown, where: string): unknown {
  if (setting.kind === 'integer') {
    const parsed = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    return checkInteger(name, setting, parsed, where);
  }
  if (setting.kind === 'text') {
    if (typeof value !== 'string')
      throw usage(`${where}: ${name} is not text`, quoted(name, value));
    if (setting.choices && !setting.choices.includes(value)) {
      throw usage(`${where}: "${value}" is not one of ${setting.choices.join(', ')}`);
    }
    return value;
  }
  if (setting.kind === 'list') {
    const list = typeof value === 'string' ? [value] : value;
    if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'string')) {
      throw usage(`${where}: ${name} is not a list of text`);
    }
    return list;
  }
  if (typeof value !== 'boolean') throw usage(`${where}: ${name} is not true or false`);
  return value;
}

function checkInteger(name: string, setting: Setting, value: unknown, where: string): number {
  const { minimum = 0, maximum = 0xffffffff } = setting;
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw usage(`${where}: ${String(value)} is not a whole number`);
  if (value < minimum || value > maximum) {
    throw usage(`${where}: ${name} is ${value}, it must be ${minimum} to ${maximum}`);
  }
  return value;
}

/** Only the settings of this section may stand in it. */
function checkKeys(section: string, table: SettingTable, source: ConfigSource): void {
  for (const key of Object.keys(source.sections[section] ?? {})) {
    if (!(key in table)) failUnknown(`${source.path}: ${section}`, key, table);
  }
}

function findValue(
  section: string,
  name: string,
  setting: Setting,
  flags: Readonly<Record<string, unknown>>,
  sources: readonly ConfigSource[],
): unknown {
  if (flags[name] !== undefined) return parseText(name, setting, flags[name], `--${kebab(name)}`);
  const variable = environmentName(name);
  const fromEnvironment = process.env[variable];
  if (fromEnvironment !== undefined && setting.kind !== 'switch' && setting.kind !== 'list') {
    return parseText(name, setting, fromEnvironment, variable);
  }
  for (const source of sources) {
    const value = source.sections[section]?.[name];
    if (value !== undefined)
      return parseText(name, setting, value, `${source.path}: ${section}.${name}`);
  }
  return fallbackOf(setting);
}

function fallbackOf(setting: Setting): unknown {
  if (setting.default !== undefined) return setting.default;
  if (setting.kind === 'switch') return false;
  return setting.kind === 'list' ? [] : undefined;
}

/** The values of a command's settings. Throws ERR_USAGE or ERR_CONFIG with the place and the remedy. */
export function resolveSettings<T extends SettingTable>(
  section: string,
  table: T,
  flags: Readonly<Record<string, unknown>>,
  configPath?: string,
): Resolved<T> {
  const sources = loadConfig(configPath);
  for (const source of sources) checkKeys(section, table, source);
  const entries = Object.entries(table).map(([name, setting]) => [
    name,
    findValue(section, name, setting, flags, sources),
  ]);
  return Object.fromEntries(entries) as Resolved<T>;
}

/**
 * The values of settings that stand in a file of their own, such as a scenario; `where` names the place. Throws
 * ERR_USAGE or ERR_CONFIG with the place and the remedy.
 */
export function settingsOfRecord<T extends SettingTable>(
  where: string,
  table: T,
  values: Readonly<Record<string, unknown>>,
): Resolved<T> {
  for (const key of Object.keys(values)) {
    if (!(key in table)) failUnknown(where, key, table);
  }
  const entries = Object.entries(table).map(([name, setting]) => {
    const value = values[name];
    if (value === undefined) return [name, fallbackOf(setting)];
    return [name, parseText(name, setting, value, `${where}.${name}`)];
  });
  return Object.fromEntries(entries) as Resolved<T>;
}
