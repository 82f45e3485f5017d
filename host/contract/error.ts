import { statuses } from './schema.js';
import { status, type StatusName } from './contract.gen.js';

const byName = new Map(statuses.map((entry) => [entry.name, entry]));
const nameByCode = new Map(statuses.map((entry) => [entry.code, entry.name as StatusName]));

export interface LinnetErrorOptions {
  /** What to do about it; the table's remedy if absent. */
  readonly remedy?: string;
  readonly context?: Readonly<Record<string, unknown>>;
  /** The error underneath. */
  readonly source?: unknown;
}

/**
 * The one error of the host: a status of the contract, a cause in words and a remedy.
 * `message` is one line that holds both; `exitCode` is what the CLI ends with.
 */
export class LinnetError extends Error {
  override readonly name = 'LinnetError';
  readonly code: StatusName;
  readonly remedy: string;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(code: StatusName, cause: string, options: LinnetErrorOptions = {}) {
    const remedy = options.remedy ?? byName.get(code)!.remedy;
    super(`${cause}: ${remedy}`, { cause: options.source });
    this.code = code;
    this.remedy = remedy;
    this.context = options.context ?? {};
  }

  get exitCode(): number {
    return byName.get(this.code)!.exit;
  }
}

/** Name of a status number that came from a kernel or a device. */
export function statusName(code: number): StatusName {
  return nameByCode.get(code) ?? 'ERR_INTERNAL';
}

/** The error of a negative status; `what` says what was being done. */
export function errorOfStatus(
  code: number,
  what: string,
  context?: Record<string, unknown>,
): LinnetError {
  const name = statusName(code);
  const entry = byName.get(name)!;
  const cause = nameByCode.has(code) ? entry.cause : `unknown status ${code}`;
  return new LinnetError(name, `${what}: ${cause}`, context ? { context } : {});
}

/** Passes a status of 0 or more through; throws the error of a negative one. */
export function expectOk(code: number, what: string): number {
  if (code < status.OK) throw errorOfStatus(code, what);
  return code;
}
