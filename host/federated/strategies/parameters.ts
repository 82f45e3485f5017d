/** Parameters of strategies as users write them, `name:key=value,key=value`. */
import { LinnetError } from '../../contract/error.js';

export interface ParameterRule {
  readonly text: string;
  readonly least: number;
  readonly most: number;
  readonly default: number;
}

export type ParameterRules = Readonly<Record<string, ParameterRule>>;
export type Parameters<Rules extends ParameterRules> = { readonly [Key in keyof Rules]: number };

/** A decimal to the nearest multiple of 1/one, in these. */
export function share(value: number, one: number): number {
  return Math.round(value * one);
}

function fail(cause: string, rules: ParameterRules): never {
  const known = Object.entries(rules).map(
    ([key, { least, most }]) => `${key} from ${least} to ${most}`,
  );
  throw new LinnetError('ERR_CONFIG', cause, {
    remedy: known.length === 0 ? 'give none' : `give ${known.join(', ')}`,
  });
}

/** Throws ERR_CONFIG, naming what is wrong and what may be given. */
export function parseParameters<Rules extends ParameterRules>(
  strategy: string,
  text: string,
  rules: Rules,
): Parameters<Rules> {
  const values: Record<string, number> = {};
  for (const [key, rule] of Object.entries(rules)) values[key] = rule.default;
  for (const part of text === '' ? [] : text.split(',')) {
    const [key, value, ...rest] = part.split('=');
    const rule = Object.hasOwn(rules, key)
      ? rules[key]
      : fail(`${strategy} has no "${key}"`, rules);
    const number = value === undefined || value.trim() === '' ? NaN : Number(value);
    if (rest.length > 0 || !(number >= rule.least && number <= rule.most))
      fail(`${key} of ${strategy} is "${value ?? ''}"`, rules);
    values[key] = number;
  }
  return values as Parameters<Rules>;
}

/** All of them, so that a default that changes cannot change what is replayed. */
export function formatParameters(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
