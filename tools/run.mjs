/**
 * `node tools/run.mjs PROGRAM ARGS…`: sets up, then runs a Node program of this package to its end.
 * Tests and benchmarks also need the firmware of the boards they use; the CLI does if told to use one
 * in QEMU.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './incremental.mjs';
import { setUp } from './setup.mjs';

/** What `npm test` and `npm run test:system` need; `npm run test:cores` builds the others itself. */
const boardsOfTests = ['qemu-mps2-m4', 'stm32f4'];

const [program, ...args] = process.argv.slice(2);
const usesBoards = !program.startsWith('dist/') || args.some((argument) => /qemu/.test(argument));
await setUp(usesBoards ? boardsOfTests : []);
const child = spawn(process.execPath, [join(root, program), ...args], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? code : 130;
});
