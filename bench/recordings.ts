import { packagePath } from '../host/kernel/load.js';

/** The folder of the recordings, which are not part of the project; it need not exist. */
export function recordingsFolder(): string {
  return process.env['LINNET_RECORDINGS'] ?? packagePath('../shared/data');
}
