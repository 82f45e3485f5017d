import type {
  Envelope,
  FaultRecord,
  FaultRequest,
  HelloRequest,
  LogLine,
  NodeStatus,
  StatusResponse,
  Traffic,
} from '../contract/contract.gen.js';
import { scoreOf } from './score.js';

const MAX_LOG_BYTES = 200;
const MAX_LINES = 20;

/** What a device says it does before it has been asked. */
const unknown: StatusResponse = {
  state: 0,
  lastError: 0,
  version: 0,
  step: 0,
  totalSteps: 0,
  heapHighWaterBytes: 0,
  stackHighWaterBytes: 0,
  badFrames: 0,
  residualSaturations: 0,
};

export const noTraffic: Traffic = {
  payloadUp: 0,
  payloadDown: 0,
  linkUp: 0,
  linkDown: 0,
  mqttUp: 0,
  mqttDown: 0,
};

export function addTraffic(a: Traffic, b: Traffic, sign: 1 | -1 = 1): Traffic {
  return {
    payloadUp: a.payloadUp + sign * b.payloadUp,
    payloadDown: a.payloadDown + sign * b.payloadDown,
    linkUp: a.linkUp + sign * b.linkUp,
    linkDown: a.linkDown + sign * b.linkDown,
    mqttUp: a.mqttUp + sign * b.mqttUp,
    mqttDown: a.mqttDown + sign * b.mqttDown,
  };
}

/** At most so many bytes of UTF-8, whole characters. */
function cut(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= MAX_LOG_BYTES) return text;
  return new TextDecoder().decode(bytes.subarray(0, MAX_LOG_BYTES), { stream: true });
}

/** What an operator is told of one node: its last words, its faults, its scores, and what its rounds cost. */
export class StatusKeeper {
  private fault: FaultRecord | undefined;
  private readonly lines: LogLine[] = [];
  private round: { readonly version: number; readonly traffic: Traffic } | undefined;
  private last = unknown;
  private scores: Pick<NodeStatus, 'scoredVersion' | 'global' | 'personalised'> = {};

  /** settled: all traffic until the last definite receipt. */
  constructor(private settled = noTraffic) {}

  noteFault(fault: FaultRequest, bootEpoch: number): void {
    this.fault = { ...fault, bootEpoch };
  }

  /** atMs: from the start of the bridge. */
  noteLog(level: number, text: string, atMs: number): void {
    this.lines.push({ atMs: Math.floor(atMs), level, text: cut(text) });
    if (this.lines.length > MAX_LINES) this.lines.shift();
  }

  /** Installed, when the device was asked last. */
  get version(): number {
    return this.last.version;
  }

  noteStatus(status: StatusResponse): void {
    this.last = status;
  }

  /** An upload without scores leaves those of the last that had some. */
  noteScores({ version, evaluation, personal }: Envelope): void {
    const global = scoreOf(evaluation);
    const personalised = scoreOf(personal);
    if (!global && !personalised) return;
    this.scores = {
      scoredVersion: version,
      ...(global && { global }),
      ...(personalised && { personalised }),
    };
  }

  /** A definite receipt for an upload to this version has come, and so much was spent until now. */
  endRound(version: number, total: Traffic): void {
    this.round = { version, traffic: addTraffic(total, this.settled, -1) };
    this.settled = total;
  }

  statusOf(hello: HelloRequest, traffic: Traffic, badFrames: number): NodeStatus {
    const { last, fault, lines, round } = this;
    const log = lines.at(-1)?.text;
    return {
      bootEpoch: hello.bootEpoch,
      resetReason: hello.resetReason,
      state: last.state,
      lastError: Math.max(0, -last.lastError),
      version: last.version,
      heapHighWaterBytes: last.heapHighWaterBytes,
      stackHighWaterBytes: last.stackHighWaterBytes,
      badFrames: last.badFrames + badFrames,
      ...(last.residualSaturations > 0 && { residualSaturations: last.residualSaturations }),
      ...(fault && { fault }),
      ...(log !== undefined && { log, lines: [...lines] }),
      ...this.scores,
      traffic,
      ...(round && { roundVersion: round.version, round: round.traffic }),
    };
  }
}
