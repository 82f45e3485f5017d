import {
  appendFileSync,
  existsSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';

/** What became of a version. Nothing of it depends on the machine or on how long it took. */
export interface RoundRecord {
  readonly type: 'round';
  /** The version that was made. */
  readonly round: number;
  /** Virtual time when it was announced. */
  readonly hours: number;
  readonly modelHash: string;
  readonly contributions: number;
  /** Uploads that came for nothing. */
  readonly refused: number;
  readonly degraded: boolean;
  /** MQTT payload, and what else the nodes have spent, from the beginning on. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly instructions: number;
  readonly joule: number;
  readonly scores?: Readonly<Record<string, number>>;
  /** Accuracy on the held-out samples of each person. */
  readonly people?: Readonly<Record<string, number>>;
  /** On the test samples of the nodes: of the version they worked on, and of what each has trained. */
  readonly nodes?: NodeScoreFields;
}

type Scores = Readonly<Record<string, number>>;

export interface NodeScoreFields {
  readonly global?: Scores;
  readonly personalised?: Scores;
}

/** NDJSON in a file: one record a line, as it happens. */
export class RecordFile {
  constructor(private readonly path: string) {
    if (!existsSync(path)) writeFileSync(path, '');
  }

  get bytes(): number {
    return statSync(this.path).size;
  }

  append(record: object): void {
    appendFileSync(this.path, `${JSON.stringify(record)}\n`);
  }

  /** What was written after an interrupted simulation's last checkpoint is written again. */
  cut(bytes: number): void {
    truncateSync(this.path, bytes);
  }

  read(): RoundRecord[] {
    const lines = readFileSync(this.path, 'utf8').split('\n');
    return lines.filter(Boolean).map((line) => JSON.parse(line) as RoundRecord);
  }
}
