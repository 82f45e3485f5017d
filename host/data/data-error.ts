import { LinnetError } from '../contract/error.js';

/**
 * The error of this room: data that cannot be used, with what to do about it.
 *
 * `cause` is one line that names the file (and place in it) or the argument at fault; `remedy` is one line.
 */
export function dataError(cause: string, remedy: string, source?: unknown): LinnetError {
  return new LinnetError('ERR_DATA', cause, source === undefined ? { remedy } : { remedy, source });
}

/** The message of anything that was thrown, for quoting inside a cause. */
export function describeThrown(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
