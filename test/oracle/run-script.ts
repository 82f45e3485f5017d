import { sha256, toHex } from '../../host/contract/hash.js';
import type { KernelFunction } from '../../host/kernel/engine.js';
import { drawSample, fillInput, fillWords } from '../vectors/fill.js';
import type { InputFill, Outcome, Step, Trajectory } from '../vectors/script.js';
import { OracleMachine } from './machine.js';

/** SHA-256 of words as little-endian int16, hex. */
export function hashWords(words: Int16Array): string {
  const bytes = new DataView(new ArrayBuffer(2 * words.length));
  words.forEach((word, i) => bytes.setInt16(2 * i, word, true));
  return toHex(sha256(new Uint8Array(bytes.buffer)));
}

/** What a script says of a sparse payload. */
export function describeSparse(
  payload: Uint8Array,
  residual: Int16Array,
  saturations: number,
): string {
  return `${toHex(payload)} ${hashWords(residual)} ${saturations}`;
}

/** Bare calls: those that need something written first may only be refused. */
function runCall(machine: OracleMachine, name: KernelFunction, args: readonly number[]): number {
  const [a = 0, b = 0, c = 0] = args;
  const nothing = new Int8Array();
  switch (name) {
    case 'initialise':
      return machine.initialise(a);
    case 'order':
      return machine.order(a, b, c);
    case 'saturations':
      return expectRefused(machine.saturations());
    case 'pull':
      return expectRefused(machine.checkPull(a, b));
    case 'check':
      return machine.check();
    case 'store':
      return machine.checkSlice(a, b);
    case 'load':
    case 'delta':
      return expectRefused(machine.checkSlice(a, b));
    case 'begin':
      return machine.begin();
    case 'train':
    case 'evaluate':
      return expectRefused(machine[name](nothing, a));
    case 'infer':
      return expectRefused(machine.infer(nothing));
    case 'prepare':
    case 'arrange':
      return machine.startPlan();
    case 'encoding':
    case 'encode':
    case 'decoding':
    case 'decode':
    case 'abi':
    case 'block':
    case 'plan':
      throw new Error(`a script does not call ${name} itself`);
  }
}

function expectRefused(result: number): number {
  if (result >= 0) throw new Error('a call with nothing written for it must be refused');
  return result;
}

/** The sample that is written, or the last one if none is. */
function sampleFor(fill: InputFill | undefined, machine: OracleMachine): Int8Array {
  if (fill) machine.sample = fillInput(fill, machine.model.inputs);
  if (!machine.sample) throw new Error('no sample has been written since plan');
  return machine.sample;
}

function runTrajectory(machine: OracleMachine, seed: number, steps: number): Trajectory {
  let letters = '';
  const hashes: string[] = [];
  for (let t = 0; t < steps; t++) {
    const { x, label } = drawSample(machine.model, seed, t);
    machine.sample = x;
    letters += machine.train(x, label) === 1 ? 'S' : 'T';
    hashes.push(hashWords(machine.parameters()));
  }
  return { steps: letters, hashes };
}

function runStep(machine: OracleMachine, step: Step): Outcome {
  switch (step.do) {
    case 'plan':
      return machine.plan(
        Uint8Array.from(Buffer.from(step.descriptor, 'hex')),
        step.memoryBytes,
        step.frozenLayers,
      );
    case 'load':
      return machine.loadAll(fillWords(step.words, machine.model));
    case 'begin':
      return machine.begin(step.settings);
    case 'train':
    case 'evaluate':
      return machine[step.do](sampleFor(step.x, machine), step.label);
    case 'infer':
      return machine.infer(sampleFor(step.x, machine));
    case 'call':
      return runCall(machine, step.name, step.args);
    case 'loadSlice':
      return machine.load(step.offset, step.values);
    case 'storeSlice':
      return [...machine.parameters().slice(step.offset, step.offset + step.count)];
    case 'keep':
      return [...machine.keepAll(fillWords(step.words, machine.model))];
    case 'delta':
      return [...machine.delta(fillWords(step.base, machine.model))];
    case 'pull':
      return machine.pullAll(fillWords(step.base, machine.model));
    case 'encode': {
      const payload = machine.encode(step.codec, fillWords(step.base, machine.model));
      return typeof payload === 'number' ? payload : toHex(payload);
    }
    case 'encodeSparse': {
      const [base, residual] = [step.base, step.residual].map((f) => fillWords(f, machine.model));
      const coded = machine.encodeSparse(base, { residual, density: step.density });
      if (typeof coded === 'number') return coded;
      return describeSparse(coded.payload, coded.residual, coded.saturations);
    }
    case 'decode': {
      const delta = machine.decode(step.codec, Uint8Array.from(Buffer.from(step.payload, 'hex')));
      return typeof delta === 'number' ? delta : [...delta];
    }
    case 'saturations':
      return machine.saturations();
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

/** What every step of a script must give, by the specification alone. */
export function runScript(
  script: readonly Step[],
  machine: OracleMachine = new OracleMachine(),
): Outcome[] {
  return script.map((step) => runStep(machine, step));
}
