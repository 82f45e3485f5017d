/** What a table gives to the document. */
import type { Panel } from '../../host/figure/chart.js';
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

/** What `make` gives for each item, one after the other: tables, and a panel of the figure beside each. */
export async function gather<Item>(
  items: readonly Item[],
  make: (item: Item) => Promise<readonly [text: string, panel: Panel]>,
): Promise<{ readonly text: string; readonly panels: readonly Panel[] }> {
  const made: (readonly [string, Panel])[] = [];
  for (const item of items) made.push(await make(item));
  return { text: made.map(([text]) => text).join('\n\n'), panels: made.map(([, panel]) => panel) };
}
