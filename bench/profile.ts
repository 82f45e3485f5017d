/**
 * `npm run bench:profile -- --model A [--call infer] [--kernel portable] [--functions 30]`: where the
 * instructions of a call go, by owner and by function of the image (Cortex-M4, QEMU).
 *
 * QEMU writes the address of every instruction. Counted are those of the last calls between the two readings
 * of the clock that `npm run bench` takes.
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { kernelBuilds, loadKernelBytes } from '../host/kernel/load.js';
import { runOnQemu } from '../test/runtimes/qemu.js';
import { encodeTape } from '../test/runtimes/tape.js';
import { buildFirmware } from '../tools/build-firmware.mjs';
import { readFunctions, type CodeRange } from './image.js';
import { makeTape, memoryBytes, settingsOf } from './instructions.js';
import { measuredModels, type MeasuredModel } from './models.js';
import { makeSamples } from './samples.js';
import { runProgram } from './program.js';

/** Calls that compile the code and let the model learn something. */
const warmUps = 20;
/** Calls that are averaged. */
const calls = 8;
const board = 'qemu-mps2-m4';
const clockName = 'runner_core_ticks';

const calledExports = ['train', 'infer'] as const;
type Call = (typeof calledExports)[number];

/** The addresses of the run's instructions, in the order they were executed. */
async function* traceRun(
  kernelWasm: Uint8Array,
  model: MeasuredModel,
  call: Call,
): AsyncGenerator<number> {
  const steps = warmUps + calls;
  const samples = makeSamples(model, steps);
  const settings = settingsOf(model, steps, 0);
  const tape = makeTape(model, samples, call === 'infer' ? steps : 0, settings).filter(
    ({ op }) => op !== 'HASH',
  );
  const folder = await mkdtemp(join(tmpdir(), 'linnet-profile-'));
  try {
    const path = join(folder, 'trace');
    await runOnQemu(kernelWasm, encodeTape(tape), memoryBytes, 'cortex-m4', path);
    for await (const line of createInterface({ input: createReadStream(path) })) {
      if (line.startsWith('Trace ')) yield Number.parseInt(line.split('/')[1], 16);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Instructions by address between two readings of the clock: one entry for each of the last calls. */
async function countCalls(
  trace: AsyncIterable<number>,
  clock: number,
): Promise<Map<number, number>[]> {
  let windows: Map<number, number>[] = [];
  let current: Map<number, number> | undefined;
  for await (const address of trace) {
    if (address === clock && current === undefined) {
      current = new Map();
    } else if (address === clock) {
      windows = [...windows.slice(1 - calls), current!];
      current = undefined;
    }
    current?.set(address, (current.get(address) ?? 0) + 1);
  }
  return windows;
}

/** Sums by function, mean of a call. */
function sumByFunction(
  functions: readonly CodeRange[],
  windows: readonly ReadonlyMap<number, number>[],
): Map<CodeRange, number> {
  const sums = new Map<CodeRange, number>();
  for (const [address, count] of windows.flatMap((window) => [...window])) {
    const at = functions.findLast(({ start }) => start <= address);
    if (at === undefined) throw new Error(`no function is at address ${address.toString(16)}`);
    sums.set(at, (sums.get(at) ?? 0) + count / windows.length);
  }
  return sums;
}

function findModel(name: string): MeasuredModel {
  const model = measuredModels.find((one) => one.name === name);
  const known = measuredModels.map((one) => one.name).join(', ');
  if (model === undefined) throw new Error(`no model is called ${name}: use ${known}`);
  return model;
}

function readFlags() {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'A' },
      call: { type: 'string', default: 'train' },
      kernel: { type: 'string', default: 'accelerated' },
      functions: { type: 'string', default: '30' },
    },
  });
  const call = calledExports.find((name) => name === values.call);
  if (call === undefined) throw new Error(`--call is one of ${calledExports.join(', ')}`);
  const kernel = kernelBuilds.find((build) => build === values.kernel);
  if (kernel === undefined) throw new Error(`--kernel is one of ${kernelBuilds.join(', ')}`);
  return {
    model: findModel(values.model),
    call,
    kernel: kernel,
    functions: Number(values.functions),
  };
}

function printSums(sums: ReadonlyMap<string, number>, limit = Infinity): void {
  const sorted = [...sums].sort(([, a], [, b]) => b - a).slice(0, limit);
  for (const [name, count] of sorted) {
    console.log(`${Math.round(count).toLocaleString('en-US').padStart(10)}  ${name}`);
  }
}

async function main(): Promise<void> {
  const { model, call, kernel, functions } = readFlags();
  const firmware = await buildFirmware(board, ['vector_runner']);
  if (!firmware.available) throw new Error(firmware.reason);
  const ranges = readFunctions(join(firmware.folder, 'vector_runner.map'));
  const clock = ranges.find(({ name }) => name === clockName)!;
  const trace = traceRun(loadKernelBytes(kernel), model, call);
  const byFunction = sumByFunction(ranges, await countCalls(trace, clock.start));
  const byOwner = new Map<string, number>();
  for (const [{ owner }, count] of byFunction) {
    byOwner.set(owner, (byOwner.get(owner) ?? 0) + count);
  }
  const total = [...byOwner.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `${model.name}, ${kernel}, ${call}: ${Math.round(total).toLocaleString('en-US')} instructions a call`,
  );
  printSums(byOwner);
  console.log('');
  printSums(
    new Map([...byFunction].map(([{ name, owner }, n]) => [`${name} (${owner})`, n])),
    functions,
  );
}

await runProgram(import.meta.url, main);
