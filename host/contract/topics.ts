import { LinnetError } from './error.js';
import { constant } from './contract.gen.js';
import { topics } from './schema.js';

const patternByName = new Map(topics.map((topic) => [topic.name, topic.pattern]));

/** The parts of each pattern behind its scope. */
const partsByName = new Map(
  topics.map(({ name, pattern }) => [
    name,
    pattern.slice('{base}/{federation}/'.length).split('/'),
  ]),
);

/** The topics that belong to one federation on one broker. */
export interface TopicScope {
  readonly base: string;
  readonly federation: string;
}

const namePattern = /^[A-Za-z0-9_.-]+$/;

/** Returns the name, or throws ERR_RANGE: a name stands in topics, files and logs. */
export function checkName(name: string, what: string): string {
  if (namePattern.test(name) && name.length <= constant.NAME_MAX_BYTES) return name;
  throw new LinnetError('ERR_RANGE', `${what} "${name}" is not a name`, {
    remedy: `use 1 to ${constant.NAME_MAX_BYTES} of the characters A-Z a-z 0-9 _ . -`,
  });
}

/**
 * A topic of the schema with its placeholders filled in; what `values` leaves out becomes `+`, so
 * the same function makes subscriptions.
 */
export function topicOf(
  name: string,
  scope: TopicScope,
  values: Readonly<Record<string, string | number>> = {},
): string {
  const all: Record<string, string | number> = { ...scope, ...values };
  return patternByName
    .get(name)!
    .replace(/\{(\w+)\}/g, (_, key: string) => String(all[key] ?? '+'));
}

/** The placeholders of a received topic, or undefined if it is not of this pattern and scope. */
export function matchTopic(
  name: string,
  scope: TopicScope,
  topic: string,
): Record<string, string> | undefined {
  const prefix = `${scope.base}/${scope.federation}/`;
  if (!topic.startsWith(prefix)) return undefined;
  const keys = partsByName.get(name)!;
  const parts = topic.slice(prefix.length).split('/');
  if (parts.length !== keys.length) return undefined;
  const values: Record<string, string> = {};
  for (const [i, key] of keys.entries()) {
    if (key.startsWith('{')) values[key.slice(1, -1)] = parts[i]!;
    else if (key !== parts[i]) return undefined;
  }
  return values;
}
