/**
 * `npm run bench:latency`: how long a Cortex-M4 node leaves its link alone at most, in instructions: a PING
 * that comes in is answered after the stretch at hand. docs/BENCHMARKS.md has the table.
 *
 * The node is linnet-latency, the image of the board with a clock around every poll
 * (bench/native/latency.c), in QEMU with `-icount shift=0`: an instruction is a nanosecond.
 */
import { join } from 'node:path';
import { codec, version } from '../host/contract/contract.gen.js';
import { sha256 } from '../host/contract/hash.js';
import { codeVersion } from '../host/federated/downlink.js';
import { initialWordsOf } from '../host/kernel/initial-words.js';
import { kernelBuilds, loadKernelBytes, type KernelBuild } from '../host/kernel/load.js';
import { openChildLink } from '../host/link/child-link.js';
import { parseDescriptor } from '../host/model/descriptor.js';
import { packSnapshot } from '../host/model/snapshot.js';
import { buildFirmware } from '../tools/build-firmware.mjs';
import { modelEcg, modelHar, type MeasuredModel } from './models.js';
import { runRounds, type Version } from './node-round.js';
import { makeSamples } from './samples.js';
import { runProgram } from './program.js';

/** Clock that turns instructions into time, one in a cycle: the STM32F407's. */
const clockHz = 168_000_000;
export const limitMs = 100;
export const limitInstructions = (clockHz / 1000) * limitMs;

export const latencyModels = [modelEcg, modelHar];
const samplesPerSplit = 8;
const initialSeed = 1;

/** What the node is at, as latency.c names it, and what that comprises. */
const stretches: Readonly<Record<string, string>> = {
  boot: 'start: store, verdicts, kernel and model set up',
  hello: 'HELLO',
  idle: 'ANNOUNCE, the kept upload verified',
  fetch: 'kernel and descriptor: erase, program, verify',
  plan: 'kernel opened, model planned',
  trial: 'trial of the kernel, a call',
  snapshot: 'snapshot: fetched, or made of a seed or base; verified',
  load: 'words loaded, a slice',
  evaluate: 'evaluation, a sample',
  train: 'training, a step',
  measure: 'upload measured, a slice',
  digest: 'upload encoded, hashed, kept, a slice',
  offer: 'OFFER',
  upload: 'UPLOAD, a slice',
  receipt: 'RECEIPT',
  infer: 'linnet_infer() during the work',
  'poll+infer': 'a step and linnet_infer() after it',
};

/** Longest stretch of each kind, instructions. */
export type Latency = Readonly<Record<string, number>>;

/** Raw, from a seed; then DENSE_3, renewed by a difference; then SPARSE_TERNARY after a start. */
function makeVersions(descriptor: Uint8Array): Version[] {
  const words = initialWordsOf(descriptor, initialSeed);
  const artefact = sha256(packSnapshot(sha256(descriptor), words));
  // Q16.16, every word a little further.
  const master = Int32Array.from(words, (word, i) => (word + ((i * 37) % 101) - 50) * 65_536);
  const published = codeVersion(
    parseDescriptor(descriptor),
    master,
    {
      task: 0,
      seed: 1,
      lrShift: 5,
      lrDecay: 0,
      epochs: 1,
      samples: 0,
      skipThreshold: 0,
      codec: 0,
      weightUnit: 1,
    },
    { version: 0, artefact, words },
    codec.DENSE_4,
  );
  if (!published) throw new Error('the difference is longer than the snapshot');
  return [
    {},
    { published, plan: { codec: codec.DENSE_3 } },
    { restarts: true, plan: { codec: codec.SPARSE_TERNARY, density: 60 } },
  ];
}

async function runNode(
  image: string,
  build: KernelBuild,
  model: MeasuredModel,
  hasOwnSamples: boolean,
): Promise<Map<string, number>> {
  const samples = makeSamples(model, samplesPerSplit);
  const longest = new Map<string, number>();
  const semihosting = `enable=on,target=native,arg=latency,arg=${hasOwnSamples ? 'own' : 'pull'}`;
  const command = [
    'qemu-system-arm -M mps2-an386 -display none -monitor none -serial stdio -icount shift=0',
    `-semihosting-config ${semihosting} -kernel ${JSON.stringify(image)}`,
  ].join(' ');
  const link = await openChildLink(command, {
    onLog: (line) => {
      const [kind, count] = line.split(' ');
      if (kind in stretches) longest.set(kind, Math.max(longest.get(kind) ?? 0, Number(count)));
    },
  });
  const round = {
    kernelWasm: loadKernelBytes(build),
    intrinsicSet: build === 'portable' ? 0 : version.INTRINSIC_SET,
    descriptor: model.descriptor,
    initialSeed,
    samples: { count: () => samplesPerSplit, sample: (_: number, i: number) => samples[i] },
  };
  await runRounds(link, round, makeVersions(model.descriptor));
  return longest;
}

/** A node with samples of its own, then one that pulls them. Throws if a tool is missing. */
export async function measureLatency(model: MeasuredModel, build: KernelBuild): Promise<Latency> {
  const image = 'linnet-latency';
  const firmware = await buildFirmware('qemu-mps2-m4', [image]);
  if (!firmware.available) throw new Error(firmware.reason);
  const path = join(firmware.folder, `${image}.elf`);
  const runs = [await runNode(path, build, model, true), await runNode(path, build, model, false)];
  const entries = Object.keys(stretches).map((kind) => {
    const counts = runs.map((run) => run.get(kind) ?? 0);
    return [kind, Math.max(...counts)] as const;
  });
  const missing = entries.filter(([, count]) => count === 0).map(([kind]) => kind);
  if (missing.length > 0) throw new Error(`never seen: ${missing.join(', ')}`);
  return Object.fromEntries(entries);
}

function formatTable(columns: readonly { title: string; latency: Latency }[]): string {
  const width = Math.max(...Object.values(stretches).map((text) => text.length));
  const cells = (first: string, rest: readonly string[]): string =>
    [first.padEnd(width), ...rest.map((text) => text.padStart(17))].join('  ');
  const rows = Object.entries(stretches).map(([kind, text]) =>
    cells(
      text,
      columns.map(({ latency }) => latency[kind].toLocaleString('en-US')),
    ),
  );
  const inMs = columns.map(({ latency }) =>
    ((1000 * Math.max(...Object.values(latency))) / clockHz).toFixed(1),
  );
  return [
    cells(
      '',
      columns.map(({ title }) => title),
    ),
    ...rows,
    cells(`longest, ms at ${clockHz / 1e6} MHz and an instruction a cycle`, inMs),
  ].join('\n');
}

async function main(): Promise<void> {
  const columns = [];
  for (const model of latencyModels) {
    for (const build of kernelBuilds) {
      const latency = await measureLatency(model, build);
      columns.push({ title: `${model.name} ${build}`, latency });
    }
  }
  if (process.argv.includes('--json')) console.log(JSON.stringify(columns, null, 2));
  else console.log(formatTable(columns));
}

await runProgram(import.meta.url, main);
