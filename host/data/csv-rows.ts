import { dataError } from './data-error.js';

/** One record of a CSV file. */
export interface CsvRow {
  /** Line it begins on, from 1; quoted fields may hold line breaks, so rows and lines differ. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * The records of a CSV text (RFC 4180): commas, LF or CRLF, fields in double quotes with "" for a quote.
 *
 * Blank lines and a byte-order mark are skipped; unquoted fields lose surrounding blanks. `source` names the file in
 * errors. Throws ERR_DATA for a quote that is not closed, or text after a closing quote.
 */
export function* parseCsvRows(text: string, source: string): Generator<CsvRow> {
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const end = endOfLine(text, at);
    const plain = text.slice(at, end);
    if (plain.includes('"')) {
      const quoted = parseQuotedRow(text, at, line, source);
      yield { line, fields: quoted.fields };
      line += quoted.lines;
      at = quoted.next;
    } else {
      if (plain.trim() !== '')
        yield { line, fields: plain.split(',').map((field) => field.trim()) };
      line++;
      at = end + 1;
    }
  }
}

/** Where the line that contains `at` ends: its LF, or the end of the text. */
function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/** A record that holds quotes, from `at` to `next`, over `lines` lines. */
function parseQuotedRow(
  text: string,
  at: number,
  firstLine: number,
  source: string,
): { fields: string[]; lines: number; next: number } {
  const fields: string[] = [];
  let line = firstLine;
  for (;;) {
    const place = `${source}:${line}: column ${fields.length + 1}`;
    const field = parseField(text, at, place);
    fields.push(field.value);
    line += field.lineBreaks;
    at = field.next;
    const ended = at >= text.length || text[at] === '\n';
    at++;
    if (ended) return { fields, lines: line - firstLine + 1, next: at };
  }
}

/** One field from `at`; `next` is its comma, its LF or the end of the text. */
function parseField(
  text: string,
  at: number,
  place: string,
): { value: string; lineBreaks: number; next: number } {
  const start = skipBlanks(text, at);
  if (text[start] !== '"') {
    let end = start;
    while (end < text.length && text[end] !== ',' && text[end] !== '\n') end++;
    return { value: text.slice(at, end).trim(), lineBreaks: 0, next: end };
  }
  let value = '';
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) throw dataError(`${place}: the quote is not closed`, 'close it with "');
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') {
      const next = skipBlanks(text, quote + 1);
      if (next < text.length && text[next] !== ',' && text[next] !== '\n') {
        throw dataError(
          `${place}: there is text after the closing quote`,
          'write a quote inside a quoted field as ""',
        );
      }
      return { value, lineBreaks: value.split('\n').length - 1, next };
    }
    value += '"';
    from = quote + 2;
  }
}

/** The first place from `at` that is no blank of the same line. */
function skipBlanks(text: string, at: number): number {
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r') at++;
  return at;
}
