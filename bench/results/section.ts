/** What a table gives to the document. */
import type { Work } from './runs.js';

export interface Section {
  /** Tables as Markdown. */
  readonly text: string;
  /** SVG by file name. */
  readonly figures: Readonly<Record<string, string>>;
}

export interface Table {
  readonly number: number;
  /** Recordings it needs, names in the data folder. */
  readonly data: readonly string[];
  readonly make: (work: Work) => Promise<Section>;
}
