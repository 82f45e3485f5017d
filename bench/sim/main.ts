/** What a simulation costs: processor time of a node's round, and memory of many nodes. `npm run bench:sim` */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { prepareSimulation } from '../../host/cli/sim/prepare.js';
import { parseScenario } from '../../host/simulator/scenario.js';
import { simulate } from '../../host/simulator/simulation.js';

/** ECG 130-32-3, 20 samples a round; every node in every round. */
const speed = `
nodes: 2000
rounds: 5
deal: { people: 20, samplesPerNode: 20 }
plan: { samplesPerRound: 20 }
evaluateEvery: 1000
`;

/** They sleep 23 hours of 24, and a round is of a tenth of them; all of them hear of it. */
const crowd = `
nodes: 100000
rounds: 3
deal: { people: 20, samplesPerNode: 20 }
plan: { samplesPerRound: 20 }
round: { cohort: 10000 }
fleet: [{ awake: { everyMinutes: 1440, forMinutes: 60, jitterMinutes: 30 } }]
evaluateEvery: 1000
`;

/** The same with what each node keeps back: two bytes a parameter, in memory and in every checkpoint. */
const residuals = crowd.replace('samplesPerRound: 20', 'samplesPerRound: 20, codec: sparse');

const mebibyte = 2 ** 20;

interface Measured {
  readonly nodeRounds: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
}

async function measure(yaml: string, workers: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-sim-'));
  const scenario = parseScenario(yaml);
  let begun: { readonly cpu: NodeJS.CpuUsage; readonly ms: number } | undefined;
  let nodeRounds = 0;
  try {
    await simulate({
      ...prepareSimulation(scenario, folder).options,
      folder,
      scenario,
      workers,
      onRecord: ({ contributions }) => {
        // The first round compiles and warms up.
        if (begun) nodeRounds += contributions;
        else begun = { cpu: process.cpuUsage(), ms: performance.now() };
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { user, system } = process.cpuUsage(begun!.cpu);
  const seconds = (performance.now() - begun!.ms) / 1000;
  return { nodeRounds, cpuSeconds: (user + system) / 1e6, seconds };
}

function report(name: string, { nodeRounds, cpuSeconds, seconds }: Measured): void {
  const peak = (process.resourceUsage().maxRSS * 1024) / mebibyte;
  const microseconds = (1e6 * cpuSeconds) / nodeRounds;
  console.log(
    `| ${name} | ${nodeRounds} | ${microseconds.toFixed(0)} | ${(2e6 / microseconds).toFixed(0)} | ${(nodeRounds / seconds).toFixed(0)} | ${peak.toFixed(0)} |`,
  );
}

/** Each in a process of its own, so that a peak of memory is its own. */
const cases: Readonly<Record<string, () => Promise<void>>> = {
  speed: async () => report('2,000 nodes, all in each round', await measure(speed, 2)),
  crowd: async () => report('100,000 sleepers, 10,000 in each round', await measure(crowd, 2)),
  residuals: async () => report('the same with the codec sparse', await measure(residuals, 2)),
};

const [, , wanted] = process.argv;
if (wanted === undefined) {
  console.log(
    '| scenario | node-rounds | CPU µs each | a second on two cores, by CPU time | a second, as it ran | peak MiB |',
  );
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const name of Object.keys(cases)) {
    const self = fileURLToPath(import.meta.url);
    spawnSync(process.execPath, [...process.execArgv, self, name], { stdio: 'inherit' });
  }
} else await cases[wanted]();
