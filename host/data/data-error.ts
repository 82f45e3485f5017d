import { LinnetError } from '../contract/error.js';

/**
 * The error of this room: data that cannot be used, with what to do about it.
 *
 * `cause` names the file (and the place in it) or the argument at fault and becomes one line; so is `remedy`.
 */
export function dataError(cause: string, remedy: string, source?: unknown): LinnetError {
  // What a file or another error contributed may hold line breaks.
  const line = cause.replace(/\s+/g, ' ');
  return new LinnetError('ERR_DATA', line, source === undefined ? { remedy } : { remedy, source });
}

/** The message of anything that was thrown, for quoting inside a cause. */
export function describeThrown(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** A piece of a file between quotes, shortened so that an error stays one readable line. */
export function quoteText(text: string): string {
  return `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;
}
