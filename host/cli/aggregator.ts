/** `linnet aggregator`: opens or continues a federation on a broker. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { LinnetError } from '../contract/error.js';
import { aggregatorIdentity } from '../contract/identity.js';
import { packageVersion } from '../kernel/load.js';
import { KEEP_VERSIONS } from '../federated/lineage.js';
import type { TrafficRow } from '../federated/ledger.js';
import type { RoundRules } from '../federated/round.js';
import { Aggregator } from '../federated/server.js';
import type { HeldOutScores, ReceiptReport, RoundReport } from '../federated/report.js';
import type { ModelInfo } from '../model/descriptor.js';
import { startBroker } from '../mqtt/broker.js';
import type { BrokerChange } from '../mqtt/session.js';
import { globalOptions, interruptSignal } from './context.js';
import { openHeldOut } from './held-out.js';
import { brokerChanges, mqttOptionsFor, mqttSettings } from './mqtt-settings.js';
import type { Output } from './output.js';
import { participationOf, participationSettings, samplingOf } from './participation-settings.js';
import { downlinkOfFlags, planOfFlags, planSettings, roundsOf } from './plan-settings.js';
import {
  describeNodeScores,
  describeScores,
  nodeScoreFields,
  nodeScoresOf,
  scoreFields,
  trainingScoresOf,
} from './scores.js';
import { addSettings, resolveSettings, type Resolved, type SettingTable } from './settings.js';
import { describeTraffic, sumTraffic } from './traffic.js';
import { aggregatorTrustSettings, nodeKeysOf, roundKeyOf } from './trust-settings.js';
import { dataSettings, kernelsOf, prepareModel, prepareTask, type Recipe } from './task.js';
import { federateDataset } from '../data/partition.js';

const settings = {
  federation: { kind: 'text', value: 'name', text: 'name of the federation', default: 'linnet' },
  store: {
    kind: 'text',
    value: 'folder',
    text: 'ledger and models; continued if it exists',
    default: 'linnet-store',
  },
  epoch: {
    kind: 'integer',
    text: 'greater than that of the store whose place this one takes; absent: that of the store',
  },
  ...dataSettings,
  cohort: { kind: 'integer', text: 'contributions that complete a round', default: 4, minimum: 1 },
  quorum: { kind: 'integer', text: 'contributions that are enough at the deadline', minimum: 1 },
  deadlineMs: {
    kind: 'integer',
    text: 'time a round has; absent: it waits for its cohort',
    minimum: 1,
  },
  keep: {
    kind: 'integer',
    value: 'rounds',
    text: 'newest rounds whose uploads are kept for replay and retract',
    default: KEEP_VERSIONS,
    minimum: 1,
  },
  broker: {
    kind: 'integer',
    value: 'port',
    text: 'start an embedded broker on this port of 127.0.0.1',
    maximum: 65535,
  },
  ...planSettings,
  ...participationSettings,
  ...mqttSettings,
  ...aggregatorTrustSettings,
} as const satisfies SettingTable;

/** How long the bridges may take to tell what the last round cost. */
const trafficWaitMs = 1000;

type AggregatorSettings = Resolved<typeof settings>;

function printRound(output: Output, model: ModelInfo, report: RoundReport): void {
  const { heldOut, training } = report;
  const own = training && trainingScoresOf(model, training);
  const nodes = nodeScoresOf(model, report);
  output.record({
    type: 'round',
    round: report.version,
    modelHash: report.modelHash,
    contributions: report.contributions,
    bounded: report.bounded,
    degraded: report.isDegraded,
    uplinkBytes: report.uplinkBytes,
    seconds: report.durationMs / 1000,
    ...(heldOut && scoreFields(heldOut)),
    ...(own && { training: own }),
    ...(nodes && { nodes: nodeScoreFields(nodes) }),
  });
  const scores = heldOut
    ? `held out ${describeScores(heldOut)}`
    : own
      ? `in training ${describeScores(own)}`
      : '';
  const bounded = report.bounded > 0 ? ` (${report.bounded} scaled down)` : '';
  output.line(
    `round ${report.version}: ${report.contributions} contributions${bounded}${report.isDegraded ? ' (degraded)' : ''}, ${scores}, model ${report.modelHash.slice(0, 16)}`,
  );
  for (const line of nodes ? describeNodeScores(nodes) : []) output.line(`  ${line}`);
  if (report.parent > 0) printTraffic(output, report.parent, report.trafficBefore);
}

/** What it cost to make a version, known only after the receipts. */
function printTraffic(output: Output, round: number, rows: readonly TrafficRow[]): void {
  if (rows.length === 0) return;
  const nodes = rows.map(({ node, traffic }) => ({ node, ...traffic }));
  const total = sumTraffic(rows);
  output.record({ type: 'traffic', round, ...total, nodes });
  output.line(`  round ${round} cost ${rows.length} nodes ${describeTraffic(total)}`);
}

/** Of the newest round, when its bridges have told. */
async function awaitTraffic(aggregator: Aggregator, output: Output, nodes: number): Promise<void> {
  const { version } = aggregator.model;
  const deadline = Date.now() + trafficWaitMs;
  while (aggregator.trafficOf(version - 1).length < nodes && Date.now() < deadline) await delay(20);
  printTraffic(output, version, aggregator.trafficOf(version - 1));
}

/** With data its preset and its test samples; with a model alone no scores but those of the nodes. */
async function prepareRecipe(options: AggregatorSettings): Promise<{
  recipe: Recipe;
  evaluate: ((words: Int16Array) => Promise<HeldOutScores>) | undefined;
}> {
  if (options.data === undefined && options.model !== undefined) {
    return { recipe: prepareModel(options.model), evaluate: undefined };
  }
  const task = prepareTask({ ...options, subjects: options.cohort });
  const { test } = federateDataset(task.dataset, { nodes: 1, seed: options.seed });
  return { recipe: task, evaluate: await openHeldOut(task, test) };
}

/** Throws ERR_USAGE for a quorum that would mean nothing. */
function roundRulesOf({ cohort, quorum, deadlineMs }: AggregatorSettings): RoundRules {
  if (deadlineMs !== undefined) return { cohort, quorum: quorum ?? cohort, deadlineMs };
  if (quorum === undefined) return { cohort, quorum: cohort };
  throw new LinnetError('ERR_USAGE', '--quorum counts at the deadline, and there is none', {
    remedy: 'give --deadline-ms, or leave it out and a round waits for its --cohort',
  });
}

async function runAggregator(
  options: AggregatorSettings,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  // Says at once what is missing.
  const round = roundRulesOf(options);
  if (options.broker === undefined) mqttOptionsFor(aggregatorIdentity, options);
  const roundKey = roundKeyOf(options);
  const keys = nodeKeysOf(options, options.federation);
  const sampling = samplingOf(options);
  const { recipe, evaluate } = await prepareRecipe(options);
  const rounds = roundsOf(options, recipe);
  let lastNodes = 0;
  const settings = {
    store: options.store,
    software: `linnet ${packageVersion()}`,
    federation: options.federation,
    ...(options.epoch !== undefined && { epoch: options.epoch }),
    ...(keys && { keys }),
    descriptor: recipe.descriptor,
    kernels: kernelsOf(options.kernel),
    initialWords: options.seed,
    rounds,
    plan: { ...planOfFlags(options, recipe), ...participationOf(options) },
    ...(sampling && { sampling }),
    strategy: options.strategy,
    downlink: downlinkOfFlags(options),
    round,
    keep: options.keep,
    ...(roundKey && { roundKey }),
    ...(evaluate && { evaluate }),
    onRound: (report: RoundReport) => {
      lastNodes = report.contributions;
      printRound(output, recipe.model, report);
    },
    onReceipt: (report: ReceiptReport) => output.log.debug(report, 'receipt'),
    onWarning: (text: string) => output.log.warn(text),
    signal,
  };
  const broker =
    options.broker === undefined ? undefined : await startBroker({ port: options.broker });
  try {
    const isOwn = broker && options.mqtt === undefined;
    const mqtt = mqttOptionsFor(
      aggregatorIdentity,
      isOwn ? { ...options, mqtt: broker.url } : options,
    );
    const onRefusal = ({ code, message }: LinnetError): void => output.log.warn({ code }, message);
    const onBroker = (change: BrokerChange): void => output.log.warn(brokerChanges[change]);
    const aggregator = await Aggregator.start({
      ...settings,
      mqtt: { ...mqtt, onRefusal, onBroker },
    });
    output.note(
      `federation ${options.federation}: ${rounds} rounds of ${options.cohort} contributions, store ${options.store}${keys ? `, keys of ${keys.nodes().length} nodes` : ''}${roundKey ? `, signed under delegation ${roundKey.delegation.serial}` : ''}`,
    );
    const isFinished = (await aggregator.finished) !== undefined;
    if (isFinished && lastNodes > 0) await awaitTraffic(aggregator, output, lastNodes);
    if (isFinished && lastNodes === 0)
      output.note(
        `version ${aggregator.model.version} is the final one of ${options.store}: for more rounds name another store`,
      );
    await aggregator.close();
  } finally {
    await broker?.close();
  }
}

export function addAggregatorCommand(program: Command): void {
  const command = program
    .command('aggregator')
    .description('opens or continues a federation on a broker');
  addSettings(command, settings).action(async (flags: Record<string, unknown>, self: Command) => {
    const { output, configPath } = globalOptions(self);
    await runAggregator(
      resolveSettings('aggregator', settings, flags, configPath),
      output,
      interruptSignal(),
    );
  });
}
