import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsvRows } from '../../host/data/csv-rows.js';
import { parseCsv, readCsv } from '../../host/data/csv.js';
import { sampleAt, sampleCount } from '../../host/data/dataset.js';
import { arbitraryDataset, expectDataError, makeFolder } from './support.js';

const fieldsOf = (text: string): (readonly string[])[] =>
  [...parseCsvRows(text, 'f.csv')].map((row) => row.fields);

describe('parseCsvRows', () => {
  it('reads plain and quoted fields, LF and CRLF, and skips blank lines', () => {
    expect(fieldsOf('a,b\r\n1, 2 \n\n  \r\n"x,""y""",z')).toEqual([
      ['a', 'b'],
      ['1', '2'],
      ['x,"y"', 'z'],
    ]);
    expect(fieldsOf('"a",\n,"b" \r\n')).toEqual([
      ['a', ''],
      ['', 'b'],
    ]);
    expect(fieldsOf('\uFEFFa\n')).toEqual([['a']]);
    expect(fieldsOf('')).toEqual([]);
  });

  it('counts lines across quoted line breaks', () => {
    const rows = [...parseCsvRows('h\n"a\nb"\n\nc\n', 'f.csv')];
    expect(rows.map((row) => row.line)).toEqual([1, 2, 5]);
    expect(rows[1].fields).toEqual(['a\nb']);
  });

  it('returns any fields that were quoted', () => {
    const table = fc.array(fc.array(fc.string(), { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), (rows, newline) => {
        const quote = (field: string): string => `"${field.replaceAll('"', '""')}"`;
        const text = rows.map((row) => row.map(quote).join(',')).join(newline);
        expect(fieldsOf(text)).toEqual(rows);
      }),
    );
  });

  it('names the place of a wrong quote', () => {
    expectDataError(() => fieldsOf('a,b\n1,"2'), /f\.csv:2: column 2: the quote is not closed/);
    expectDataError(() => fieldsOf('a\n"1"2'), /f\.csv:2: column 1: there is text after/);
    expectDataError(() => fieldsOf('"a\nb",c\n"1"2'), /f\.csv:3: column 1/);
    expectDataError(() => fieldsOf('"a\nb",c,"d"e'), /f\.csv:2: column 3/);
  });
});

describe('parseCsv', () => {
  it('returns the values, labels, subjects and splits of any dataset', () => {
    fc.assert(
      fc.property(arbitraryDataset(), fc.boolean(), (dataset, quoted) => {
        const length = dataset.steps * dataset.channels;
        const header = [...Array.from({ length }, (_, i) => `f${i}`), 'label', 'subject', 'split'];
        const rows = Array.from({ length: sampleCount(dataset) }, (_, i) => [
          ...Array.from(sampleAt(dataset, i), String),
          dataset.classNames[dataset.label[i]],
          String(dataset.subject[i]),
          String(dataset.split[i]),
        ]);
        const text = [header, ...rows]
          .map((row) => row.map((cell) => (quoted ? `"${cell}"` : cell)).join(','))
          .join('\r\n');
        const read = parseCsv(text, 'dir/any.csv', { classNames: dataset.classNames });
        const { x, label, subject, split, hasSubjects, hasSplit, classNames } = dataset;
        expect(read).toMatchObject({ name: 'any', steps: length, channels: 1, classNames });
        expect(read).toMatchObject({ x, label, subject, split, hasSubjects, hasSplit });
        expect(read.featureNames).toEqual(header.slice(0, length));
      }),
    );
  });

  it('finds numeric classes by number and named classes in order', () => {
    const numbers = parseCsv('label,a\n3,1\n0,2\n', 'f.csv');
    expect(numbers.classNames).toEqual(['0', '1', '2', '3']);
    expect([...numbers.label]).toEqual([3, 0]);
    const names = parseCsv('a,label\n1,walk\n2,"sit"\n3,walk\n', 'f.csv');
    expect(names.classNames).toEqual(['sit', 'walk']);
    expect([...names.label]).toEqual([1, 0, 1]);
  });

  it('knows train and test by name, and does without subject and split', () => {
    const named = parseCsv('split,a,label\ntrain,1,0\ntest,2,1\n', 'f.csv');
    expect([...named.split]).toEqual([0, 1]);
    expect(named).toMatchObject({ hasSplit: true, hasSubjects: false });
    expect(parseCsv('a,label\n1,0\n', 'f.csv').hasSplit).toBe(false);
  });

  it('quantises floats with scales of the training samples', () => {
    const text = 'a,b,label,split\n0.5,100,0,0\n-1,-3.5,0,0\n9,1e6,1,1\n';
    const perColumn = parseCsv(text, 'f.csv', { quantise: 'per-column' });
    expect(perColumn.featureExponents).toEqual([-6, 0]);
    expect([...perColumn.x]).toEqual([32, 100, -64, -4, 127, 127]);
    const global = parseCsv(text, 'f.csv', { quantise: 'global' });
    expect(global.featureExponents).toEqual([0, 0]);
    expect([...global.x]).toEqual([1, 100, -1, -4, 9, 127]);
  });

  it('refuses cells, rows and headers and names their place', () => {
    const parse = (text: string) => () => parseCsv(text, 'f.csv');
    expectDataError(parse(''), /f\.csv: is empty/);
    expectDataError(parse('a,b\n1,2\n'), /f\.csv:1: the header has no column "label"/);
    expectDataError(parse('label\n0\n'), /no feature columns/);
    expectDataError(parse('a,a,label\n'), /the column "a" occurs twice/);
    expectDataError(parse('a,label\n'), /no samples/);
    expectDataError(parse('a,label\n1,0\n1\n'), /f\.csv:3: has 1 columns, the header 2/);
    expectDataError(parse('a,label\n1,\n'), /f\.csv:2: column 2 \(label\) is empty/);
    expectDataError(parse('label,a\n0,1\n0,128\n'), /f\.csv:3: column 2 \(a\) is "128"/);
    for (const cell of ['', '" "', 'x', '0.5', '-129', 'NaN', 'Infinity']) {
      expectDataError(parse(`label,a\n0,${cell}\n`), /f\.csv:2: column 2 \(a\) is ".*--quantise/);
    }
    expectDataError(parse('a,label,subject\n1,0,65536\n'), /column 3 \(subject\) is "65536"/);
    expectDataError(parse('a,label,subject\n1,0,-1\n'), /column 3 \(subject\) is "-1"/);
    expectDataError(parse('a,label,split\n1,0,2\n'), /column 3 \(split\) is "2"/);
    expectDataError(
      () => parseCsv('a,label\nInfinity,0\n', 'f.csv', { quantise: 'global' }),
      /column 1 \(a\) is "Infinity".*finite/,
    );
    expectDataError(
      () => parseCsv('a,label\n1,X\n', 'f.csv', { classNames: ['N'] }),
      /the label "X" is none of the classes N/,
    );
    const many = Array.from({ length: 257 }, (_, i) => `1,name${i}`).join('\n');
    expectDataError(parse(`a,label\n${many}\n`), /257 different labels/);
    const long = 'y'.repeat(1000);
    expectDataError(parse(`a,label\n${long},0\n`), /is "y{40}…"/);
  });
});

describe('readCsv', () => {
  it('reads UTF-8, plain or gzipped, and refuses other bytes', () => {
    const folder = makeFolder();
    const path = join(folder, 'm.csv');
    writeFileSync(path, '\uFEFFlabel,Größe\nnö,-128\n');
    expect(readCsv(path)).toMatchObject({ classNames: ['nö'], featureNames: ['Größe'] });
    writeFileSync(path, gzipSync('label,a\n0,7\n'));
    expect([...readCsv(path).x]).toEqual([7]);
    writeFileSync(path, Uint8Array.of(0x6c, 0xff, 0xfe));
    expectDataError(() => readCsv(path), /m\.csv: cannot be decoded/);
  });
});
