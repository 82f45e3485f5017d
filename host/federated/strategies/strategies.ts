/** Every strategy there is, by the name that users give and ledgers keep. */
import { LinnetError } from '../../contract/error.js';
import { coordinateMedian } from './coordinate-median.js';
import { fedAdam, fedAdamParameters } from './fed-adam.js';
import { fedAvg } from './fed-avg.js';
import { fedAvgM, fedAvgMParameters } from './fed-avg-m.js';
import { fedBuff } from './fed-buff.js';
import {
  formatParameters,
  parseParameters,
  type ParameterRules,
  type Parameters,
} from './parameters.js';
import type { Strategy } from './strategy.js';
import { trimmedMean, trimmedMeanParameters } from './trimmed-mean.js';

/** Of parameters as text; throws ERR_CONFIG. */
type Make = (text: string) => Strategy;

function fixed(strategy: Strategy): Make {
  return (text) => {
    parseParameters(strategy.name, text, {});
    return strategy;
  };
}

function tunable<Rules extends ParameterRules>(
  name: string,
  rules: Rules,
  make: (fullName: string, values: Parameters<Rules>) => Strategy,
): Make {
  return (text) => {
    const values = parseParameters(name, text, rules);
    return make(`${name}:${formatParameters(values)}`, values);
  };
}

const strategies: Readonly<Record<string, Make>> = {
  'fed-avg': fixed(fedAvg),
  'fed-buff': fixed(fedBuff),
  'fed-avg-m': tunable('fed-avg-m', fedAvgMParameters, fedAvgM),
  'fed-adam': tunable('fed-adam', fedAdamParameters, fedAdam),
  median: fixed(coordinateMedian),
  'trimmed-mean': tunable('trimmed-mean', trimmedMeanParameters, trimmedMean),
};

export const strategyNames: readonly string[] = Object.keys(strategies);

/** `fed-avg-m` or `fed-avg-m:momentum=0.8`. Throws ERR_CONFIG for one that is not known. */
export function parseStrategy(text: string): Strategy {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  if (Object.hasOwn(strategies, name))
    return strategies[name](colon < 0 ? '' : text.slice(colon + 1));
  throw new LinnetError('ERR_CONFIG', `no strategy is called "${name}"`, {
    remedy: `choose one of ${strategyNames.join(', ')}`,
  });
}
