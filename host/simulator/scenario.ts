/** A scenario as text: who takes part, when they are awake, how fast and how far away they are. */
import { parse } from 'yaml';
import { z } from 'zod';
import { LinnetError } from '../contract/error.js';
import { adviseWord } from '../model/advice.js';
import { lies } from './lies.js';

const minuteMs = 60_000;
const maxNodes = 1_000_000;
/** The group of a node is a byte. */
const maxGroups = 256;

const count = z.int().min(1);
const share = z.number().min(0).max(1);
/** At least 60 ms: no window is rounded to nothing, and work that rests between windows comes to its end. */
const minutes = z.number().min(0.001).max(5_256_000);
/** Of a processor in megahertz or of a link in kilobits a second. */
const rate = z.number().min(0.001);

const windowsSchema = z.strictObject({
  everyMinutes: minutes,
  forMinutes: minutes,
  jitterMinutes: z.number().min(0).default(0),
});

const groupSchema = z.strictObject({
  /** Parts of the fleet. */
  share: z.number().positive().default(1),
  name: z.string().default('devices'),
  /** Of firmware/cost.json. */
  core: z.string().default('cortex-m4'),
  /** Instructions per microsecond. */
  megahertz: rate.default(168),
  /** Whether the firmware supplies the native functions of the accelerated kernel. */
  intrinsics: z.boolean().default(true),
  awake: windowsSchema.optional(),
  /** What the devices know of themselves (SPEC, 7.5); absent: nothing. */
  conditions: z
    .strictObject({
      battery: z.int().min(0).max(100).optional(),
      link: z.int().min(0).max(100).optional(),
      ramKiB: count.max(2 ** 21 - 1).optional(),
      /** When they hang on a charger. */
      charging: windowsSchema.optional(),
    })
    .prefault({}),
  /** Samples come one by one, and the nodes keep a class-balanced reservoir; absent: they have all from the beginning on. */
  reservoir: z
    .strictObject({
      slots: count.max(65_536),
      /** From one sample to the next. */
      everyMinutes: minutes,
    })
    .optional(),
  dropOut: share.default(0),
  /** What nodes send instead of the truth. */
  lies: z.enum(lies).optional(),
  link: z
    .strictObject({
      upKilobitPerSecond: rate.default(20),
      downKilobitPerSecond: rate.default(20),
      latencyMs: z.int().min(0).default(100),
    })
    .prefault({}),
  energy: z
    .strictObject({
      nanojoulePerInstruction: z.number().min(0).default(0.5),
      microjoulePerByteUp: z.number().min(0).default(2),
      microjoulePerByteDown: z.number().min(0).default(2),
    })
    .prefault({}),
});

const scenarioSchema = z.strictObject({
  name: z.string().min(1).default('simulation'),
  seed: z.int().min(0).max(0xffffffff).default(1),
  nodes: count.max(maxNodes),
  rounds: count.max(1_000_000),
  /** Where data and model come from: settings of the command. */
  task: z.record(z.string(), z.unknown()).default({}),
  /** How the federation trains: settings of the command. */
  plan: z.record(z.string(), z.unknown()).default({}),
  deal: z
    .strictObject({
      by: z.enum(['subject', 'iid', 'dirichlet', 'shards']).default('subject'),
      alpha: z.number().positive().default(0.5),
      shardsPerNode: count.default(2),
      samplesPerNode: count.optional(),
      people: count.max(65_000).optional(),
      /** Part of each node's samples that it tests on. */
      testShare: z.number().min(0).max(0.9).default(0),
    })
    .prefault({}),
  round: z
    .strictObject({
      cohort: count.optional(),
      quorum: count.optional(),
      deadlineMinutes: minutes.optional(),
      /** Nodes that are asked for each of the cohort, drawn for each version; absent: all. */
      overSelection: z.number().min(1).max(1000).optional(),
      /** When a node is told to come again. */
      retrySeconds: z.int().min(1).max(600).default(60),
    })
    .prefault({}),
  fleet: z
    .array(groupSchema)
    .min(1)
    .max(maxGroups, `more than ${maxGroups} groups`)
    .default([groupSchema.parse({})]),
  evaluateEvery: count.default(1),
  /** Newest versions whose uploads stay in the ledger; absent: 10, or as many as the plan needs. */
  keep: count.optional(),
  /** Whether nodes and aggregator have keys and check tags; absent: unless real nodes join. */
  keys: z.boolean().optional(),
  /** Nodes that are not simulated but join over MQTT. */
  real: z.strictObject({ mqtt: z.string(), nodes: z.array(z.string()).min(1) }).optional(),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type Group = Scenario['fleet'][number];

const formHint = 'write a scenario as in docs/SIMULATION.md';

function fail(at: string, cause: string, remedy = formHint, source?: unknown): never {
  throw new LinnetError('ERR_CONFIG', `${at}: ${cause}`, { remedy, source });
}

/** Every key that a scenario knows, for the word that was meant. */
const knownKeys = [
  ...new Set(
    [
      scenarioSchema,
      groupSchema,
      windowsSchema,
      groupSchema.shape.conditions.unwrap(),
      groupSchema.shape.reservoir.unwrap(),
      groupSchema.shape.link.unwrap(),
      groupSchema.shape.energy.unwrap(),
      scenarioSchema.shape.deal.unwrap(),
      scenarioSchema.shape.round.unwrap(),
    ].flatMap(({ shape }) => Object.keys(shape)),
  ),
];

function failIssue({ issues }: z.ZodError): never {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  const path = issue.path.join('.') || 'the scenario';
  if (issue.code !== 'unrecognized_keys') return fail(path, issue.message);
  const [key] = issue.keys;
  return fail(path, `unknown key ${key}`, adviseWord(key, knownKeys, formHint));
}

function checkWindows(at: string, windows: z.infer<typeof windowsSchema> | undefined): void {
  if (!windows || windows.forMinutes + 2 * windows.jitterMinutes <= windows.everyMinutes) return;
  fail(at, 'a window and the next overlap', 'forMinutes + 2 · jitterMinutes ≤ everyMinutes');
}

/** A node with a reservoir has nothing at first, and never more than its slots. */
function checkReservoir(
  at: string,
  reservoir: NonNullable<Group['reservoir']>,
  { plan, real }: Scenario,
): void {
  const minSamples = Number(plan['minSamples'] ?? 0);
  if (!(minSamples >= 1))
    fail(
      at,
      'its nodes have no samples at first',
      'give plan.minSamples, how many a node must have collected to take part',
    );
  if (minSamples > reservoir.slots)
    fail(
      `${at}.slots`,
      `${reservoir.slots} never hold the ${minSamples} of plan.minSamples`,
      'give more slots or a smaller plan.minSamples',
    );
  if (real) fail(at, 'samples come in virtual time, and real nodes have another', 'leave out real');
}

function isNode(name: string, nodes: number): boolean {
  return Number(/^node-(0|[1-9]\d*)$/.exec(name)?.[1]) < nodes;
}

/** What no schema of one value sees. */
function checkScenario(scenario: Scenario): void {
  const { nodes, round, fleet, real } = scenario;
  const { cohort = nodes, quorum = 1, deadlineMinutes } = round;
  if (cohort > nodes) fail('round.cohort', `${cohort} of ${nodes} nodes`, `give at most ${nodes}`);
  if (quorum > cohort)
    fail('round.quorum', `it is ${quorum}`, `give at most the cohort, ${cohort}`);
  if (round.quorum !== undefined && deadlineMinutes === undefined)
    fail(
      'round.quorum',
      'it counts at the deadline, and there is none',
      'give round.deadlineMinutes, or leave it out and a version waits for its cohort',
    );
  fleet.forEach(({ awake, conditions, reservoir, dropOut, lies: lie }, i) => {
    const at = `fleet.${i}`;
    checkWindows(`${at}.awake`, awake);
    checkWindows(`${at}.conditions.charging`, conditions.charging);
    if (reservoir) checkReservoir(`${at}.reservoir`, reservoir, scenario);
    if (dropOut > 0 && cohort === nodes && deadlineMinutes === undefined)
      fail(
        `${at}.dropOut`,
        'a round of all nodes would wait for ever',
        'give round.deadlineMinutes',
      );
    if (lie === 'random-bytes' && cohort === nodes && deadlineMinutes === undefined)
      fail(
        `${at}.lies`,
        'a round of all nodes would wait for ever: random bytes are refused',
        'give round.deadlineMinutes',
      );
  });
  const stranger = real?.nodes.find((name) => !isNode(name, nodes));
  if (stranger !== undefined)
    fail('real.nodes', `no node is called ${stranger}`, `name some of node-0 to node-${nodes - 1}`);
  if (real && (cohort < nodes || deadlineMinutes !== undefined))
    fail(
      'real',
      'who is in a round would depend on the clock',
      'let every round wait for all nodes',
    );
}

/** A scenario from its text. Throws ERR_CONFIG with the path of the mistake and the remedy. */
export function parseScenario(text: string): Scenario {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    const line = (error as Error).message.split('\n')[0];
    return fail('the scenario', `not YAML (${line})`, formHint, error);
  }
  const result = scenarioSchema.safeParse(value);
  if (!result.success) return failIssue(result.error);
  checkScenario(result.data);
  return result.data;
}

/** Real nodes remember what they followed, and a run that is begun anew would be a rollback to them. */
export function hasKeys({ keys, real }: Scenario): boolean {
  return keys ?? real === undefined;
}

export function minutesToMs(value: number): number {
  return Math.round(value * minuteMs);
}
