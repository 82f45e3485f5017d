/** `node tools/run.mjs PROGRAM ARGS…`: sets up, then runs a Node program of this package to its end. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './incremental.mjs';
import { setUp } from './setup.mjs';

await setUp();
const [program, ...args] = process.argv.slice(2);
const child = spawn(process.execPath, [join(root, program), ...args], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? code : 130;
});
