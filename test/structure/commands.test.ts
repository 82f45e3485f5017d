/** Commands that documents give to readers name scripts and files that exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packagePath } from '../../host/kernel/load.js';

const documents = [
  'README.md',
  'SECURITY.md',
  ...readdirSync(packagePath('docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

/** The first group of every match, with the document it stands in. */
function found(pattern: RegExp): string[][] {
  return documents.flatMap((document) =>
    [...readFileSync(packagePath(document), 'utf8').matchAll(pattern)].map(([, name]) => [
      document,
      name,
    ]),
  );
}

it('npm runs scripts of package.json', () => {
  const { scripts } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const commands = found(/\bnpm run ([\w:]+)/g);
  expect(commands.length).toBeGreaterThan(20);
  expect(commands.filter(([, script]) => !Object.hasOwn(scripts, script))).toEqual([]);
});

it('tests, benchmarks, tools and examples are where they say', () => {
  const files = found(/(?<![\w/])((?:test|bench|tools|examples)\/[\w./-]+\.(?:ts|mjs|yaml|c))\b/g);
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter(([, file]) => !existsSync(packagePath(file)))).toEqual([]);
});
