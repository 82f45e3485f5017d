/** Learning rates, chosen on people, recordings or images that the tables do not score. */
import { markdownTable, percent } from '../accuracy/report.js';

/** Not one of the seeds of the tables. */
export const validationSeed = 101;

/** A rate 2^−lrShift, and the accuracy it gave. */
export interface Tried {
  readonly lrShift: number;
  readonly accuracy: number;
}

export interface Choice {
  readonly lrShift: number;
  /** Ascending shifts. */
  readonly tried: readonly Tried[];
}

/** The greatest shift of a plan. */
const MAX_SHIFT = 24;
/** Where a rate hardly matters the ends would go on for ever. */
const MAX_TRIED = 8;

/**
 * The rate with the best accuracy; the smallest of those where several are equal. Tries 2^−from and the next smaller,
 * and then on beyond whichever end is the best, until it is not an end any more or eight have been tried.
 */
export async function chooseRate(
  from: number,
  score: (lrShift: number) => Promise<number>,
): Promise<Choice> {
  const tried: Tried[] = [];
  for (const lrShift of [from, from + 1]) tried.push({ lrShift, accuracy: await score(lrShift) });
  for (;;) {
    const best = tried.reduce((a, b) => (b.accuracy >= a.accuracy ? b : a));
    const next = [tried[0].lrShift - 1, tried.at(-1)!.lrShift + 1];
    const isEnd = [
      best === tried[0] && next[0] >= 0,
      best === tried.at(-1) && next[1] <= MAX_SHIFT,
    ];
    if (!isEnd.includes(true) || tried.length === MAX_TRIED)
      return { lrShift: best.lrShift, tried };
    const lrShift = next[isEnd.indexOf(true)];
    const one = { lrShift, accuracy: await score(lrShift) };
    if (isEnd[0]) tried.unshift(one);
    else tried.push(one);
  }
}

export const rateText = ({ lrShift }: Choice): string => `2^−${lrShift}`;

/** What was tried, a row for each choice: accuracy on validation in percent, the chosen in bold. */
export function ratesTable(choices: readonly (readonly [title: string, choice: Choice])[]): string {
  const shifts = [
    ...new Set(choices.flatMap(([, { tried }]) => tried.map(({ lrShift }) => lrShift))),
  ].sort((a, b) => a - b);
  const rows = choices.map(([title, { lrShift: chosen, tried }]) => [
    title,
    ...shifts.map((shift) => {
      const one = tried.find(({ lrShift }) => lrShift === shift);
      const text = one ? percent(one.accuracy) : '';
      return shift === chosen ? `**${text}**` : text;
    }),
  ]);
  return `Rates tried, accuracy on validation %, the chosen one bold:\n\n${markdownTable(
    ['', ...shifts.map((shift) => `2^−${shift}`)],
    rows,
  )}`;
}
