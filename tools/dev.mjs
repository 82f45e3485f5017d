/** `npm run dev`: on every change regenerate, compile the kernel and run the conformance suite on V8. */
import { spawnSync } from 'node:child_process';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { root } from './incremental.mjs';

const steps = [
  ['node_modules/tsx/dist/cli.mjs', 'host/contract/generate.ts'],
  ['tools/build-kernel.mjs'],
  ['node_modules/vitest/vitest.mjs', 'run', 'test/kernel', 'test/conformance/v8.test.ts'],
];

function runSteps() {
  for (const [program, ...args] of steps) {
    const { status } = spawnSync(process.execPath, [join(root, program), ...args], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0) return;
  }
}

let timer;
function schedule(_event, file) {
  if (file?.includes('.gen.')) return;
  clearTimeout(timer);
  timer = setTimeout(runSteps, 100);
}

for (const folder of [
  'assembly',
  'host/contract',
  'test/kernel',
  'test/conformance',
  'test/oracle',
]) {
  watch(join(root, folder), { recursive: true }, schedule);
}
runSteps();
