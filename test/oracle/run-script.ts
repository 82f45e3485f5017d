import { status } from '../../host/contract/contract.gen.js';
import { sha256, toHex } from '../../host/contract/hash.js';
import { drawSample, fillInput, fillWords } from '../vectors/fill.js';
import type { Outcome, Step, Trajectory } from '../vectors/script.js';
import { OracleMachine } from './machine.js';

/** SHA-256 of words as little-endian int16, hex. */
export function hashWords(words: Int16Array): string {
  const bytes = new DataView(new ArrayBuffer(2 * words.length));
  words.forEach((word, i) => bytes.setInt16(2 * i, word, true));
  return toHex(sha256(new Uint8Array(bytes.buffer)));
}

function runCall(machine: OracleMachine, name: string, args: readonly number[]): number {
  const [a = 0, b = 0, c = 0] = args;
  switch (name) {
    case 'initialise':
      return machine.initialise(a);
    case 'order':
      return machine.order(a, b, c);
    case 'store':
      return machine.checkSlice(a, b);
    case 'load':
    case 'delta': {
      const refused = machine.checkSlice(a, b);
      if (refused === status.OK) throw new Error(`${name} needs a filled transfer buffer`);
      return refused;
    }
    case 'begin':
    case 'train':
    case 'evaluate':
    case 'infer':
      return runBareCall(machine, name, a);
    case 'check':
      return status.OK;
    default:
      throw new Error(`the oracle has no bare call of ${name}`);
  }
}

/** Calls that need something written first: bare, they may only be refused. */
function runBareCall(machine: OracleMachine, name: string, label: number): number {
  const nothing = new Int8Array();
  if (name === 'train') return expectRefused(machine.train(nothing, label));
  if (name === 'evaluate') return expectRefused(machine.evaluate(nothing, label));
  if (name === 'infer') return expectRefused(machine.infer(nothing));
  const lrShift = 25;
  const rest = { federationSeed: 0, baseVersion: 0, nodeKey: 0, lrDecay: 0, totalSteps: 0 };
  const result = machine.begin({ ...rest, lrShift, skipThreshold: 0 });
  if (result !== status.ERR_STATE) throw new Error('begin needs settings');
  return result;
}

function expectRefused(result: number): number {
  if (result >= 0) throw new Error('a bare call must be refused');
  return result;
}

function runTrajectory(machine: OracleMachine, seed: number, steps: number): Trajectory {
  let letters = '';
  const hashes: string[] = [];
  for (let t = 0; t < steps; t++) {
    const { x, label } = drawSample(machine.model, seed, t);
    letters += machine.train(x, label) === 1 ? 'S' : 'T';
    hashes.push(hashWords(machine.parameters()));
  }
  return { steps: letters, hashes };
}

function runStep(machine: OracleMachine, step: Step): Outcome {
  switch (step.do) {
    case 'plan':
      return machine.plan(Uint8Array.from(Buffer.from(step.descriptor, 'hex')), step.memoryBytes);
    case 'load':
      return machine.load(0, [])
        ? status.ERR_STATE
        : loadAll(machine, fillWords(step.words, machine.model));
    case 'begin':
      return machine.begin(step.settings);
    case 'train':
    case 'evaluate':
      return machine[step.do](fillInput(step.x, machine.model.inputs), step.label);
    case 'infer':
      return machine.infer(fillInput(step.x, machine.model.inputs));
    case 'call':
      return runCall(machine, step.name, step.args);
    case 'loadSlice':
      return machine.load(step.offset, step.values);
    case 'storeSlice':
      return [...machine.parameters().slice(step.offset, step.offset + step.count)];
    case 'delta':
      return [...machine.delta(fillWords(step.base, machine.model))];
    case 'words':
      return step.names.map((name) => machine.word(name));
    case 'counters':
      return machine.counters();
    case 'logits':
      return machine.logits();
    case 'hash':
      return hashWords(machine.parameters());
    case 'permutation':
      return Array.from({ length: step.count }, (_, i) =>
        machine.order(step.stream, step.count, i),
      );
    case 'trajectory':
      return runTrajectory(machine, step.seed, step.steps);
  }
}

function loadAll(machine: OracleMachine, words: Int16Array): number {
  const slice = 128;
  for (let at = 0; at < words.length; at += slice) {
    machine.load(at, words.subarray(at, at + slice));
  }
  return status.OK;
}

/** What every step of a script must give, by the specification alone. */
export function runScript(
  script: readonly Step[],
  machine: OracleMachine = new OracleMachine(),
): Outcome[] {
  return script.map((step) => runStep(machine, step));
}
