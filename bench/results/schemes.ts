/** What docs/RESULTS.md compares: codecs under FedAvg, and strategies with one codec. */
import { codec } from '../../host/contract/contract.gen.js';
import { coded, dense3, schemes, type CodedScheme, type Scheme } from '../traffic/schemes.js';

const exact = { codec: codec.RICE_INT16 };

/** dense-3 both ways, the default of `linnet demo`. */
function strategic<Rest extends object>(title: string, rest: Rest): CodedScheme & Rest {
  return { ...coded(title, dense3, dense3), ...rest };
}

export const resultSchemes = {
  float32: schemes.float32,
  exact: coded('Linnet, exact both ways', exact, exact),
  dense: { ...schemes.dense, title: 'Linnet, dense-3 both ways' },
  sparseUp: { ...schemes.sparseUp, title: 'Linnet, sparse 10 % up, dense-3 down' },
  sparse10: { ...schemes.sparse10, title: 'Linnet, sparse 10 % both ways' },
  prox: strategic('FedProx', { proximalShift: 4 }),
  momentum1: strategic('FedAvgM', { strategy: 'fed-avg-m:momentum=0.9,rate=1' }),
  momentum8th: strategic('FedAvgM', { strategy: 'fed-avg-m:momentum=0.9,rate=0.125' }),
  adam64: strategic('FedAdam', { strategy: 'fed-adam:rate=64' }),
  adam256: strategic('FedAdam', { strategy: 'fed-adam:rate=256' }),
  adam1024: strategic('FedAdam', { strategy: 'fed-adam:rate=1024' }),
} as const satisfies Record<string, Scheme>;

export type ResultScheme = keyof typeof resultSchemes;
