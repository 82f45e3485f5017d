/** Data goes to stdout, everything else to stderr. */
import pino, { type Logger } from 'pino';

export interface OutputOptions {
  /** NDJSON on stdout instead of tables. */
  readonly json: boolean;
  readonly quiet: boolean;
  readonly logLevel: string;
}

export type Align = 'left' | 'right';

export interface Column {
  readonly title: string;
  readonly width: number;
  readonly align?: Align;
}

/** What commands print with; made once by main. */
export class Output {
  readonly log: Logger;
  #hasProgress = false;

  constructor(readonly options: OutputOptions) {
    this.log = pino(
      { level: options.quiet ? 'error' : options.logLevel, base: null },
      pino.destination(2),
    );
  }

  /** How far it is: the last line of a terminal, which every other line takes the place of. Nothing elsewhere. */
  progress(text: string): void {
    const { stderr } = process;
    if (this.options.quiet || !stderr.isTTY) return;
    stderr.write(`\r${text.slice(0, (stderr.columns || 80) - 1)}\x1b[K`);
    this.#hasProgress = true;
  }

  /** Before what others write to the terminal. */
  endProgress(): void {
    if (this.#hasProgress) process.stderr.write('\r\x1b[K');
    this.#hasProgress = false;
  }

  /** A line for people: stdout, unless stdout is for NDJSON. */
  line(text = ''): void {
    this.endProgress();
    if (this.options.json) {
      if (!this.options.quiet) process.stderr.write(`${text}\n`);
    } else process.stdout.write(`${text}\n`);
  }

  /** What is going on: stderr. */
  note(text: string): void {
    this.endProgress();
    if (!this.options.quiet) process.stderr.write(`${text}\n`);
  }

  /** One NDJSON record; silent without --json. */
  record(value: object): void {
    this.endProgress();
    if (this.options.json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  tableHead(columns: readonly Column[]): void {
    this.tableRow(
      columns,
      columns.map((column) => column.title),
    );
    this.line(columns.map((column) => '─'.repeat(column.width)).join('  '));
  }

  tableRow(columns: readonly Column[], cells: readonly (string | number)[]): void {
    const text = columns.map((column, i) => {
      const cell = String(cells[i] ?? '');
      return column.align === 'right' ? cell.padStart(column.width) : cell.padEnd(column.width);
    });
    this.line(text.join('  ').trimEnd());
  }
}

/** 0.9234 → `92.3 %`. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : '–';
}

/** 12345 → `12.1 KiB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}
