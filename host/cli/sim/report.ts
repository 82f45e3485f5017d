/** What `linnet sim` tells: a row a round, and in the end what the fleet has spent. */
import type { ModelInfo } from '../../model/info.js';
import type { Progress, SimulationResult } from '../../simulator/options.js';
import type { RoundRecord } from '../../simulator/records.js';
import type { Scenario } from '../../simulator/scenario.js';
import { byteSize, percent, type Column, type Output } from '../output.js';
import { errorText } from '../scores.js';

const columns: readonly Column[] = [
  { title: 'round', width: 6, align: 'right' },
  { title: 'virtual time', width: 13, align: 'right' },
  { title: 'accuracy', width: 9, align: 'right' },
  { title: 'uploads', width: 8, align: 'right' },
  { title: 'late', width: 6, align: 'right' },
  { title: 'sent', width: 10, align: 'right' },
  { title: 'received', width: 10, align: 'right' },
  { title: 'model', width: 10 },
];

/** 26.5 → `1 d 02:30:00`. */
export function virtualTime(hours: number): string {
  const seconds = Math.floor(hours * 3600);
  const two = (value: number): string => String(value % 60).padStart(2, '0');
  const day = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60), seconds].map(two);
  return `${Math.floor(seconds / 86_400)} d ${day.join(':')}`;
}

function scoreCell({ scores }: RoundRecord): string {
  if (!scores) return '';
  const { accuracy, reconstructionError } = scores;
  return accuracy === undefined ? errorText(reconstructionError) : percent(accuracy);
}

const BAR = 30;
/** Between two looks at how far it is. */
const PROGRESS_MS = 100;

/** `━━━╌╌╌  round 5 of 10, 40 of 100 uploads, 0 d 01:30:00`. */
export function progressLine(
  { rounds, nodes, round: { cohort = nodes } }: Pick<Scenario, 'rounds' | 'nodes' | 'round'>,
  { round, contributions, hours }: Progress,
): string {
  const done = Math.min(1, (round + Math.min(1, contributions / cohort)) / rounds);
  const bar = '━'.repeat(Math.floor(BAR * done)).padEnd(BAR, '╌');
  const now = Math.min(rounds, round + 1);
  return `${bar}  round ${now} of ${rounds}, ${contributions} of ${cohort} uploads, ${virtualTime(hours)}`;
}

export interface GroupSummary {
  readonly name: string;
  readonly nodes: number;
  readonly contributions: number;
  readonly refused: number;
  readonly abandoned: number;
  readonly megaInstructions: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly joulePerNode: number;
}

export interface SimulationSummary {
  readonly name: string;
  readonly seed: number;
  readonly modelHash: string;
  readonly rounds: number;
  readonly hours: number;
  readonly degradedRounds: number;
  readonly scores?: Readonly<Record<string, number>>;
  /** Least, mean and greatest accuracy of a person. */
  readonly people?: readonly [number, number, number];
  readonly groups: readonly GroupSummary[];
}

function summariseGroup({ fleet }: SimulationResult, group: number): GroupSummary {
  const nodes = [...fleet.group.keys()].filter((node) => fleet.group[node] === group);
  const sum = (pick: (node: number) => number): number =>
    nodes.reduce((total, node) => total + pick(node), 0);
  const { state } = fleet;
  return {
    name: fleet.devices[group].name,
    nodes: nodes.length,
    contributions: sum((node) => state.accepted[node]),
    refused: sum((node) => state.refused[node]),
    abandoned: sum((node) => state.abandoned[node]),
    megaInstructions: Math.round(sum((node) => state.instructions[node]) / 1e6),
    bytesUp: sum((node) => state.bytesUp[node]),
    bytesDown: sum((node) => state.bytesDown[node]),
    joulePerNode: sum((node) => fleet.energyOf(node)) / Math.max(1, nodes.length),
  };
}

/** A pure function of the scenario, as everything it is made of. */
export function summaryOf(scenario: Scenario, result: SimulationResult): SimulationSummary {
  const { records, fleet } = result;
  const last = records.at(-1)!;
  const people = last.people && Object.values(last.people);
  return {
    name: scenario.name,
    seed: scenario.seed,
    modelHash: result.model.modelHash,
    rounds: last.round,
    hours: last.hours,
    degradedRounds: records.filter(({ degraded }) => degraded).length,
    ...(last.scores && { scores: last.scores }),
    ...(people && {
      people: [
        Math.min(...people),
        people.reduce((sum, value) => sum + value, 0) / people.length,
        Math.max(...people),
      ],
    }),
    groups: fleet.devices.map((_, group) => summariseGroup(result, group)),
  };
}

export class SimulationReport {
  #shownMs = -Infinity;

  constructor(
    private readonly output: Output,
    private readonly scenario: Scenario,
    private readonly model: ModelInfo,
  ) {}

  begin(how: string): void {
    const { output, scenario, model } = this;
    const shape = [model.inputs, ...model.layers.map((layer) => layer.outputs)].join('-');
    output.line(`${scenario.name}: ${scenario.nodes} virtual nodes, seed ${scenario.seed}`);
    output.line(`model   ${shape}, ${model.parameters} parameters`);
    output.line(`data    ${how}`);
    for (const name of scenario.real?.nodes ?? [])
      output.line(`waits   for ${name} at ${scenario.real!.mqtt}, data shards/${name}.fds`);
    output.line();
    output.tableHead(columns);
  }

  progress(progress: Progress): void {
    const nowMs = performance.now();
    if (nowMs - this.#shownMs < PROGRESS_MS) return;
    this.#shownMs = nowMs;
    this.output.progress(progressLine(this.scenario, progress));
  }

  add(record: RoundRecord): void {
    this.output.record(record);
    this.output.tableRow(columns, [
      record.round,
      virtualTime(record.hours),
      scoreCell(record),
      `${record.contributions}${record.degraded ? '*' : ''}`,
      record.refused,
      byteSize(record.bytesUp),
      byteSize(record.bytesDown),
      record.modelHash.slice(0, 10),
    ]);
  }

  end(summary: SimulationSummary, trained: number, seconds: number, folder: string): void {
    const { output } = this;
    output.record({ type: 'summary', ...summary });
    output.line();
    if (summary.degradedRounds > 0)
      output.line(`*       closed by the deadline: ${summary.degradedRounds} rounds`);
    output.line(`time    ${virtualTime(summary.hours)} in ${seconds.toFixed(1)} s`);
    if (summary.people) {
      const [least, mean, most] = summary.people.map(percent);
      output.line(`people  accuracy ${least} to ${most}, mean ${mean}`);
    }
    for (const group of summary.groups) {
      output.line(
        `${group.name.padEnd(8)}${group.nodes} nodes, ${group.contributions} contributions, ${group.refused} refused, ${group.abandoned} given up, ${group.joulePerNode.toPrecision(3)} J a node`,
      );
    }
    output.line(`model   ${summary.modelHash}`);
    output.line(`files   ${folder}/rounds.ndjson, summary.json, *.svg, model.lns, store/ (ledger)`);
    output.note(`${trained} trainings computed`);
  }
}
