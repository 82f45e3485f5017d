import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What each room of the host may import besides itself. One way: no room imports one that imports it. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  durable: [],
  kernel: ['contract'],
  wasm3: ['contract', 'kernel'],
  model: ['contract', 'data', 'kernel'],
  data: ['contract'],
  frame: ['contract'],
  link: ['contract'],
  mqtt: ['contract'],
  proof: ['contract'],
  fleet: ['contract', 'durable', 'mqtt', 'proof'],
  device: ['contract', 'data', 'frame', 'link'],
  bridge: ['contract', 'device', 'durable', 'frame', 'link', 'mqtt', 'proof'],
  federated: ['contract', 'durable', 'kernel', 'model', 'mqtt', 'proof'],
  sim: ['contract', 'data', 'frame', 'kernel', 'model'],
  figure: [],
  simulator: ['contract', 'data', 'federated', 'kernel', 'model', 'mqtt', 'sim'],
  cli: [
    'contract',
    'figure',
    'kernel',
    'wasm3',
    'model',
    'data',
    'link',
    'mqtt',
    'device',
    'bridge',
    'federated',
    'sim',
    'simulator',
    'fleet',
    'proof',
  ],
};

/** Files below `folder` whose name ends with one of `endings`, relative to the root. */
function findFiles(folder: string, ...endings: readonly string[]): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => endings.some((ending) => file.endsWith(ending)))
    .map((file) => join(folder, file));
}

const importPattern = /(?:from|import\()\s*'(\.[^']+)'/g;

/** [file, imported file], both relative to host/. */
function hostImports(): [string, string][] {
  return findFiles('host', '.ts').flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(importPattern)].map(
      (match): [string, string] => [
        relative('host', file),
        relative('host', join(dirname(file), match[1])),
      ],
    ),
  );
}

const roomOf = (file: string): string => file.split('/')[0];

describe('rooms of the host', () => {
  const imports = hostImports();

  it('are all in the table, which has no circle', () => {
    expect(
      [...new Set(imports.map(([file]) => roomOf(file)))].filter((room) => !(room in allowed)),
    ).toEqual([]);
    const rank = new Map<string, number>();
    const visit = (room: string, path: readonly string[]): number => {
      expect(path, 'a circle of rooms').not.toContain(room);
      const known =
        rank.get(room) ??
        1 + Math.max(0, ...allowed[room].map((next) => visit(next, [...path, room])));
      rank.set(room, known);
      return known;
    };
    for (const room of Object.keys(allowed)) visit(room, []);
  });

  it('import only what the table allows', () => {
    const wrong = imports.filter(([file, target]) => {
      const [from, to] = [roomOf(file), roomOf(target)];
      return from !== to && !allowed[from].includes(to);
    });
    expect(wrong).toEqual([]);
  });
});

describe('the aggregator', () => {
  it('reads no clock that can be set back', () => {
    const readers = findFiles('host/federated', '.ts').filter((file) =>
      /\bDate\b|process\.hrtime/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(readers).toEqual([]);
  });
});

describe('the three languages', () => {
  it('meet only in generated files', () => {
    const assembly = findFiles('assembly', '.ts');
    const outside = assembly.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(importPattern)]
        .map((match) => join(dirname(file), match[1]))
        .filter((target) => !target.startsWith('assembly/')),
    );
    expect(outside).toEqual([]);
  });

  it('include wasm3 in one file of the firmware, beside what is compiled into the engine', () => {
    const files = findFiles('firmware', '.c', '.h').filter(
      (file) => !file.startsWith('firmware/engine/'),
    );
    const including = files.filter((file) =>
      /#include\s*["<](wasm3|m3_)/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(including).toEqual(['firmware/src/kernel.c']);
  });
});
