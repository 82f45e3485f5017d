/** Small simulations in this process, and what is left of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../../host/contract/hash.js';
import { decodeWire, encodeWire } from '../../host/contract/wire.js';
import type { AggregatorOptions } from '../../host/federated/options.js';
import { Ledger } from '../../host/federated/ledger.js';
import { prepareSimulation, type PreparedSimulation } from '../../host/cli/sim/prepare.js';
import type { SimulationOptions, SimulationResult } from '../../host/simulator/options.js';
import { parseScenario } from '../../host/simulator/scenario.js';
import { simulate } from '../../host/simulator/simulation.js';

/** Sleep, drop-outs, deadlines, slow links: everything that can happen to a round happens. */
export const rough = `
name: rough
seed: 5
nodes: 24
rounds: 6
deal: { people: 4, samplesPerNode: 12 }
round: { cohort: 9, quorum: 2, deadlineMinutes: 15 }
evaluateEvery: 3
plan: { samplesPerRound: 5 }
fleet:
  - name: sleepy
    share: 5
    awake: { everyMinutes: 60, forMinutes: 10, jitterMinutes: 5 }
    dropOut: 0.3
    link: { upKilobitPerSecond: 0.2, downKilobitPerSecond: 2, latencyMs: 90000 }
  - name: slow
    share: 1
    megahertz: 0.02
    link: { upKilobitPerSecond: 0.05 }
`;

export interface Ran extends SimulationResult {
  /** The records, byte for byte. */
  readonly text: string;
}

export type RunChanges = Partial<
  Pick<SimulationOptions, 'batch' | 'workers' | 'signal' | 'onProgress'>
> &
  Partial<Pick<AggregatorOptions, 'faultPoint'>>;

/** Data are made once. */
const prepared = new Map<string, PreparedSimulation>();

function preparedOf(yaml: string): PreparedSimulation {
  const known = prepared.get(yaml) ?? prepareSimulation(parseScenario(yaml), '');
  prepared.set(yaml, known);
  return known;
}

export async function runScenario(
  folder: string,
  yaml: string,
  { faultPoint, ...changes }: RunChanges = {},
): Promise<Ran> {
  const scenario = parseScenario(yaml);
  const { options } = scenario.real ? prepareSimulation(scenario, folder) : preparedOf(yaml);
  const aggregator = { ...options.aggregator, ...(faultPoint && { faultPoint }) };
  const result = await simulate({
    ...options,
    aggregator,
    folder,
    scenario,
    workers: 1,
    ...changes,
  });
  return { ...result, text: readFileSync(join(folder, 'rounds.ndjson'), 'utf8') };
}

/** Without the tag that a node with a key adds: virtual nodes have none. */
function withoutTag(bytes: Uint8Array): Uint8Array {
  const { mac: _mac, ...envelope } = decodeWire('Envelope', bytes);
  return encodeWire('Envelope', envelope);
}

/** Every accepted upload of a store: version, node, envelope in hex; in the order of nodes. */
export function uploadsIn(store: string, versions: number): string[] {
  const ledger = Ledger.openExisting(store, 'read');
  try {
    return Array.from({ length: versions }, (_, version) =>
      [...ledger.uploadsOf(version)].map(
        ({ node, envelope }) => `${version} ${node} ${toHex(withoutTag(envelope))}`,
      ),
    )
      .flat()
      .sort();
  } finally {
    ledger.close();
  }
}

/** As published, by version. */
export function announcementsIn(store: string): Uint8Array[] {
  const ledger = Ledger.openExisting(store, 'read');
  try {
    const newest = ledger.newestVersion() ?? -1;
    return Array.from({ length: newest + 1 }, (_, v) => ledger.findVersion(v)!.announcement);
  } finally {
    ledger.close();
  }
}
