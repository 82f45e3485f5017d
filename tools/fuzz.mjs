/**
 * `npm run fuzz -- [--seconds N] [TARGET…]`: looks N seconds in all for inputs that break a claim of the fuzz
 * targets, from the seeds in firmware/fuzz/seeds and what earlier runs found (build/fuzz). An input
 * that breaks one is written there, its path is printed, and the exit code is 1.
 *
 * Targets: those of `runs`; all if none is named.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildFuzzer, fuzzTargets, lackOfFuzzer, unpackSeeds } from './build-fuzz.mjs';
import { root } from './incremental.mjs';
import { setUp } from './setup.mjs';

/** An input that takes longer hangs. */
const timeoutSeconds = 20;
const maxInputBytes = {
  kernel: 1024,
  payload: 1024,
  node: 2048,
  wire: 600,
  frame: 2048,
  message: 600,
  intrinsics: 16_404,
};

const runs = {
  'kernel-portable': { target: 'kernel', kernel: 'build/kernel.wasm' },
  'kernel-accelerated': { target: 'kernel', kernel: 'build/kernel.accelerated.wasm' },
  intrinsics: { target: 'intrinsics' },
  payload: { target: 'payload', kernel: 'build/kernel.wasm' },
  node: { target: 'node', kernel: 'build/kernel.wasm' },
  wire: { target: 'wire' },
  frame: { target: 'frame' },
  message: { target: 'message' },
};

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '60' } },
  allowPositionals: true,
});
const chosen = positionals.length > 0 ? positionals : Object.keys(runs);
const unknown = chosen.find((name) => !(name in runs));
const seconds = Number(values.seconds);
if (unknown !== undefined || !(seconds > 0)) {
  console.error(`Usage: npm run fuzz -- [--seconds N] [${Object.keys(runs).join(' | ')}]…`);
  process.exit(2);
}

function search(program, name, { target, kernel }, share) {
  const found = join(root, 'build/fuzz', name);
  mkdirSync(found, { recursive: true });
  const args = [
    `-max_total_time=${Math.max(1, Math.round(share))}`,
    `-timeout=${timeoutSeconds}`,
    `-max_len=${maxInputBytes[target]}`,
    `-artifact_prefix=${found}-`,
    ...['-print_final_stats=1', '-verbosity=0', '-rss_limit_mb=1024'],
    found,
    unpackSeeds(target).folder,
  ];
  const env = { ...process.env, ...(kernel && { LINNET_FUZZ_KERNEL: join(root, kernel) }) };
  const { status, stderr } = spawnSync(program, args, {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const executed = /number_of_executed_units: (\d+)/.exec(stderr)?.[1] ?? '?';
  console.log(`${name}: ${status === 0 ? `${executed} inputs, no claim broken` : 'BROKEN'}`);
  if (status !== 0) console.error(stderr.slice(-6000));
  return status === 0;
}

const lack = lackOfFuzzer();
if (lack !== undefined) {
  console.error(process.env.CI ? `Nothing fuzzed: ${lack}` : `Skipped: ${lack}`);
  process.exit(process.env.CI ? 1 : 0);
}
await setUp();
/** Without intrinsics in this checkout nothing that needs them. */
const hasIntrinsics = fuzzTargets.includes('intrinsics');
const needIntrinsics = ['intrinsics', 'kernel-accelerated'];
const here = chosen.filter((name) => hasIntrinsics || !needIntrinsics.includes(name));
for (const name of here) {
  const program = await buildFuzzer(runs[name].target);
  if (!search(program, name, runs[name], seconds / here.length)) process.exitCode = 1;
}
