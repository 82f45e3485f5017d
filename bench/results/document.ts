/** docs/RESULTS.md: prose by hand, tables between marks that this program replaces. */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const begin = (number: number): string => `<!-- table ${number} -->`;
const end = (number: number): string => `<!-- end of table ${number} -->`;

/** `document` with `text` between the marks of a table. Throws if they are not there. */
export function replaceTable(document: string, number: number, text: string): string {
  const from = document.indexOf(begin(number));
  const to = document.indexOf(end(number));
  if (from < 0 || to < from)
    throw new Error(`there is no place for table ${number}: ${begin(number)} … ${end(number)}`);
  const head = document.slice(0, from + begin(number).length);
  return `${head}\n\n${text}\n\n${document.slice(to)}`;
}

/** Replaces tables in a file and formats it as the project does. */
export async function writeTables(
  path: string,
  tables: readonly (readonly [number: number, text: string])[],
): Promise<void> {
  const document = tables.reduce(
    (text, [number, table]) => replaceTable(text, number, table),
    readFileSync(path, 'utf8'),
  );
  const style = await resolveConfig(path);
  writeFileSync(path, await format(document, { ...style, filepath: path }));
}
