import { LinnetError } from '../contract/error.js';

/** Runs `work`; an error of it says `where` before its cause. */
export function located<T>(where: () => string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LinnetError)) throw error;
    const cause = error.message.slice(0, -error.remedy.length - 2);
    throw new LinnetError(error.code, `${where()}: ${cause}`, {
      remedy: error.remedy,
      context: error.context,
      source: error,
    });
  }
}
