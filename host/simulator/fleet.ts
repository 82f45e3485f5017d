/** The virtual nodes: a row of typed arrays each. */
import { SeededRandom } from '../data/random.js';
import { minutesToMs, type Group, type Scenario } from './scenario.js';
import type { Windows } from './availability.js';
import { drawAt, purpose } from './seeds.js';

/** What a node does. */
export const stage = {
  /** Nothing that is left to do. */
  IDLE: 0,
  /** Fetches the version and trains. */
  TRAINING: 1,
  /** Its upload is on the way. */
  UPLOADING: 2,
  /** Its upload waits for the aggregator. */
  SENT: 3,
} as const;

/** What the nodes of a group have in common. */
export interface Device extends Group {
  /** When they are awake, and when they charge; undefined: always. */
  readonly windows: Windows | undefined;
  readonly chargingWindows: Windows | undefined;
}

/** The columns that change, which a checkpoint holds. */
export interface FleetState {
  /** Version it works on, or has worked on last; -1 none. */
  readonly version: Int32Array;
  /** Version whose snapshot it has; -1 none. */
  readonly snapshot: Int32Array;
  /** Newest version of which it has waited, or waits, for its turn; -1 none. */
  readonly turn: Int32Array;
  readonly stage: Uint8Array;
  /** Newest version when an upload of it counted last; -1 none. */
  readonly counted: Int32Array;
  /** When it took its version. */
  readonly beginMs: Float64Array;
  /** When what it does ends: training, or the upload's arrival. */
  readonly dueMs: Float64Array;
  /** When it will see the newest announcement; infinite if it has. */
  readonly seesMs: Float64Array;
  readonly instructions: Float64Array;
  readonly bytesUp: Float64Array;
  readonly bytesDown: Float64Array;
  /** Uploads that counted, that came for nothing, and versions it gave up. */
  readonly accepted: Uint32Array;
  readonly refused: Uint32Array;
  readonly abandoned: Uint32Array;
}

export type Column = keyof FleetState;

function emptyState(nodes: number): FleetState {
  return {
    version: new Int32Array(nodes).fill(-1),
    snapshot: new Int32Array(nodes).fill(-1),
    turn: new Int32Array(nodes).fill(-1),
    stage: new Uint8Array(nodes),
    counted: new Int32Array(nodes).fill(-1),
    beginMs: new Float64Array(nodes),
    dueMs: new Float64Array(nodes),
    seesMs: new Float64Array(nodes).fill(Infinity),
    instructions: new Float64Array(nodes),
    bytesUp: new Float64Array(nodes),
    bytesDown: new Float64Array(nodes),
    accepted: new Uint32Array(nodes),
    refused: new Uint32Array(nodes),
    abandoned: new Uint32Array(nodes),
  };
}

const prefix = 'node-';

export function nodeName(node: number): string {
  return prefix + String(node);
}

/** The number in a name; -1 if it is none of a virtual node. */
export function nodeNumber(name: string): number {
  const number = Number(name.slice(prefix.length));
  return name.startsWith(prefix) && Number.isSafeInteger(number) ? number : -1;
}

function windowsOf(times: Group['awake']): Windows | undefined {
  if (!times) return undefined;
  return {
    everyMs: minutesToMs(times.everyMinutes),
    forMs: minutesToMs(times.forMinutes),
    jitterMs: minutesToMs(times.jitterMinutes),
  };
}

/** Group of each node: as many as its share says, at seeded places. */
function dealGroups({ nodes, seed, fleet }: Scenario): Uint8Array {
  const total = fleet.reduce((sum, { share }) => sum + share, 0);
  const groups: number[] = [];
  let part = 0;
  fleet.forEach(({ share }, group) => {
    part += share;
    while (groups.length < Math.round((nodes * part) / total)) groups.push(group);
  });
  return Uint8Array.from(new SeededRandom(seed, purpose.group).shuffle(groups));
}

export class Fleet {
  readonly nodes: number;
  readonly devices: readonly Device[];
  /** Of each node. */
  readonly group: Uint8Array;
  /** Of each node's draws. */
  readonly seeds: Uint32Array;
  readonly state: FleetState;

  constructor(scenario: Scenario) {
    const { nodes, seed, fleet } = scenario;
    this.nodes = nodes;
    this.devices = fleet.map((group) => ({
      ...group,
      windows: windowsOf(group.awake),
      chargingWindows: windowsOf(group.conditions.charging),
    }));
    this.group = dealGroups(scenario);
    this.seeds = Uint32Array.from({ length: nodes }, (_, node) => drawAt(seed, purpose.node, node));
    this.state = emptyState(nodes);
  }

  deviceOf(node: number): Device {
    return this.devices[this.group[node]];
  }

  /** Of when it hangs on its charger. */
  chargerSeed(node: number): number {
    return drawAt(this.seeds[node], purpose.charger);
  }

  restore(saved: FleetState): void {
    for (const [name, column] of Object.entries(saved) as [Column, ArrayLike<number>][])
      this.state[name].set(column);
  }

  /** Joule spent by a node so far. */
  energyOf(node: number): number {
    const { instructions, bytesUp, bytesDown } = this.state;
    const { energy } = this.deviceOf(node);
    return (
      energy.nanojoulePerInstruction * instructions[node] * 1e-9 +
      (energy.microjoulePerByteUp * bytesUp[node] +
        energy.microjoulePerByteDown * bytesDown[node]) *
        1e-6
    );
  }
}
