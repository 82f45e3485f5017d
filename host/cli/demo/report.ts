/** What the demo prints: a table that grows by a line per round, and a summary. */
import type { HeldOutScores, RoundReport } from '../../federated/report.js';
import type { ModelInfo } from '../../model/descriptor.js';
import { sampleCount } from '../../data/dataset.js';
import { byteSize, percent, type Column, type Output } from '../output.js';
import {
  describeNodeScores,
  describeScores,
  errorText,
  isAutoencoder,
  nodeScoreFields,
  nodeScoresOf,
  scoreFields,
} from '../scores.js';
import type { Task } from '../task.js';
import type { FederationEvents, FederationSummary } from './federation.js';
import type { NodeRuntime } from './runtimes.js';

const classColumns: readonly Column[] = [
  { title: 'accuracy', width: 8, align: 'right' },
  { title: 'macro-F1', width: 8, align: 'right' },
  { title: 'loss', width: 6, align: 'right' },
];
const reconstructionColumns: readonly Column[] = [{ title: 'error', width: 10, align: 'right' }];

const columnsOf = (model: ModelInfo): readonly Column[] => [
  { title: 'round', width: 5, align: 'right' },
  ...(isAutoencoder(model) ? reconstructionColumns : classColumns),
  { title: 'up/node', width: 9, align: 'right' },
  { title: 'down/node', width: 9, align: 'right' },
  { title: 'receipts', width: 8, align: 'right' },
  { title: 'time', width: 7, align: 'right' },
  { title: 'model', width: 10 },
];

const runtimeNames: Readonly<Record<NodeRuntime, string>> = {
  native: 'native (firmware core, wasm3)',
  v8: 'V8 (no firmware: the kernel in this Node)',
  qemu: 'Cortex-M4 in QEMU (firmware, wasm3)',
};

function countRuntimes(runtimes: readonly NodeRuntime[]): string {
  const kinds = [...new Set(runtimes)];
  return kinds
    .map((kind) => `${runtimes.filter((other) => other === kind).length} × ${runtimeNames[kind]}`)
    .join(', ');
}

/** Cells of the columns of scores. */
function scoreCells(scores: HeldOutScores | undefined, isReconstruction: boolean): string[] {
  if (scores === undefined) return isReconstruction ? ['–'] : ['–', '–', '–'];
  if ('reconstructionError' in scores) return [errorText(scores.reconstructionError)];
  return [percent(scores.accuracy), percent(scores.macroF1), scores.loss.toFixed(3)];
}

export class DemoReport implements FederationEvents {
  private nodes = 0;
  private hasRounds = false;
  private columns: readonly Column[] = [];
  private model: ModelInfo | undefined;

  constructor(private readonly output: Output) {}

  onTask(task: Task, how: string, runtimes: readonly NodeRuntime[]): void {
    const { output } = this;
    this.nodes = runtimes.length;
    const shape = [task.model.inputs, ...task.model.layers.map((layer) => layer.outputs)].join('-');
    output.line(
      `task    ${task.preset.name}: ${sampleCount(task.dataset)} samples, classes ${task.dataset.classNames.join(' ')}`,
    );
    output.line(`model   ${shape}, ${task.model.parameters} parameters, int8 operands`);
    output.line(`nodes   ${countRuntimes(runtimes)}`);
    output.line(`data    ${how}`);
    output.line('keys    one a node: announcements, uploads and receipts are authenticated');
    output.line('scores  on held-out samples at the aggregator, which only a demonstration has');
    output.line();
    this.model = task.model;
    this.columns = columnsOf(task.model);
    output.tableHead(this.columns);
  }

  onRound(report: RoundReport, acceptedReceipts: number): void {
    const { heldOut } = report;
    this.hasRounds = true;
    const nodes = this.model && nodeScoresOf(this.model, report);
    this.output.record({
      type: 'round',
      round: report.version,
      ...(heldOut && scoreFields(heldOut)),
      ...(nodes && { nodes: nodeScoreFields(nodes) }),
      contributions: report.contributions,
      receipts: acceptedReceipts,
      degraded: report.isDegraded,
      uplinkBytes: report.uplinkBytes,
      downlinkBytesPerNode: report.downlinkBytesPerNode,
      modelHash: report.modelHash,
      seconds: report.durationMs / 1000,
    });
    this.output.tableRow(this.columns, [
      report.version,
      ...scoreCells(heldOut, this.model !== undefined && isAutoencoder(this.model)),
      byteSize(report.uplinkBytes / Math.max(1, report.contributions)),
      byteSize(report.downlinkBytesPerNode),
      `${acceptedReceipts}/${this.nodes}${report.isDegraded ? ' degraded' : ''}`,
      `${(report.durationMs / 1000).toFixed(1)} s`,
      report.modelHash.slice(0, 10),
    ]);
  }

  printSummary(summary: FederationSummary, folder: string): void {
    const { output } = this;
    const { scores, nodeScores, ...rest } = summary;
    if (!this.hasRounds)
      output.note(
        `${folder} had its rounds before: for more of them name another folder with --out`,
      );
    output.record({
      type: 'summary',
      ...scoreFields(scores),
      ...(nodeScores && nodeScoreFields(nodeScores)),
      ...rest,
    });
    output.line();
    output.line(
      `${describeScores(scores)} after ${summary.rounds} rounds in ${summary.seconds.toFixed(1)} s`,
    );
    for (const line of nodeScores ? describeNodeScores(nodeScores) : []) output.line(line);
    for (const node of summary.nodes) {
      output.line(
        `${node.node.padEnd(8)} ${node.runtime}${node.wasm3 ? `, ${node.wasm3}` : ''}, ${node.kernelBuild} kernel ${node.kernelHash.slice(0, 16)}, ${node.receiptsAccepted} receipts`,
      );
    }
    output.line(`model    ${summary.modelHash}`);
    output.line(`was      ${summary.initialModelHash} before training`);
    output.line(`files    ${folder}/model.lns (weights), model.lnd (structure), store/ (ledger)`);
  }
}
