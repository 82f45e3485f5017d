import { packagePath } from '../../host/kernel/load.js';

/** Where finished runs are, unless told otherwise. */
export const resultsFolder = packagePath('build/results');
