import { createContext, runInContext } from 'node:vm';
import { LinnetError } from '../contract/error.js';

/**
 * Runs an action that must not wait for anything, and ends it if it takes too long, even inside a
 * wasm loop: the instance it called is then in no defined state. Throws ERR_TIMEOUT, or what the
 * action threw.
 */
export function runWithin<T>(timeoutMs: number, what: string, action: () => T): T {
  try {
    return runInContext('action()', createContext({ action }), { timeout: timeoutMs }) as T;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new LinnetError('ERR_TIMEOUT', `${what} did not end in ${timeoutMs} ms`, {
      remedy: 'do not use this kernel: it hangs',
      source: error,
    });
  }
}
