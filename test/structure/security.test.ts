/** What SECURITY.md names as the check of an invariant exists. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../host/kernel/load.js';
import { fuzzTargets } from '../../tools/build-fuzz.mjs';

interface Check {
  readonly invariant: string;
  /** Of a test; undefined: fuzz targets. */
  readonly file?: string;
  readonly names: readonly string[];
}

const read = (path: string): string => readFileSync(packagePath(path), 'utf8');
const document = read('SECURITY.md');

/** Names between quotation marks, as they are where lines break. */
const quoted = (text: string): string[] =>
  [...text.matchAll(/"([^"]+)"/g)].map(([, name]) => name.replace(/\s+/g, ' '));

/** A list item, whose lines after the first are indented. */
function readCheck(invariant: string, item: string): Check {
  const [, subject, rest] = /^- (fuzz|`[^`]+`): ([^]*)$/.exec(item.trim())!;
  if (subject !== 'fuzz') return { invariant, file: subject.slice(1, -1), names: quoted(rest) };
  return { invariant, names: [...rest.matchAll(/`(\w+)`/g)].map(([, name]) => name) };
}

/** The text of each invariant with the list below it. */
const sections = document.split(/^\*\*(?=S\d+\.\*\* )/m).slice(1);
const invariants = sections.map((section) => section.slice(0, section.indexOf('.')));
const checks = sections.flatMap((section, i) => {
  const items = section.split(/^(?=- )/m).slice(1);
  return items.map((item) => readCheck(invariants[i], item.split(/\n(?! )/)[0]));
});

/** Titles as they stand in a test, whatever the quotation marks. */
const isTitle = (source: string, name: string): boolean =>
  ["'", '"', '`'].some((mark) => source.includes(`${mark}${name}${mark}`));

describe('SECURITY.md', () => {
  it('numbers its invariants, each with a check', () => {
    expect(invariants).toEqual(invariants.map((_, i) => `S${i + 1}`));
    expect(invariants.length).toBeGreaterThan(30);
    expect([...new Set(checks.map(({ invariant }) => invariant))]).toEqual(invariants);
    expect(checks.filter(({ names }) => names.length === 0)).toEqual([]);
  });

  it('names tests that exist, by their titles', () => {
    const missing = checks.flatMap(({ invariant, file, names }) => {
      if (file === undefined) return [];
      if (!existsSync(packagePath(file))) return [`${invariant}: ${file}`];
      const source = read(file);
      return names
        .filter((name) => !isTitle(source, name))
        .map((name) => `${invariant}: ${file} "${name}"`);
    });
    expect(missing).toEqual([]);
  });

  it('names fuzz targets that exist and are replayed, and leaves none out', () => {
    const named = checks.flatMap(({ file, names }) => (file === undefined ? names : []));
    expect([...new Set(named)].sort()).toEqual([...fuzzTargets].sort());
    const replayed = read('test/fuzz/replay.test.ts');
    for (const name of named) {
      expect(existsSync(packagePath(`firmware/fuzz/seeds/${name}.txt`)), name).toBe(true);
      expect(replayed).toContain(`replay('${name}'`);
    }
  });

  it('is found from the README and from the guide to fleets, and links to what is there', () => {
    expect(read('README.md')).toContain('](SECURITY.md)');
    expect(read('docs/FLEET.md')).toContain('](../SECURITY.md)');
    for (const [, target] of document.matchAll(/\]\(([^)#]+)/g))
      expect(existsSync(packagePath(target)), target).toBe(true);
  });
});
