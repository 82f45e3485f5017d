import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadKernelBytes, packagePath } from '../../host/kernel/load.js';
import { encodeTape, tapeOp } from '../runtimes/tape.js';
import { nativeRuntime } from '../runtimes/native.js';

const reason = nativeRuntime.available();
if (reason !== undefined && !process.env['CI']) console.log(`vector runner skipped: ${reason}`);

/** Exit codes of firmware/tools/runner_host.h. */
const exit = { DONE: 0, USAGE: 2, FILE: 3, KERNEL: 4, TAPE: 5 };

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'linnet-runner-'));
  writeFileSync(join(folder, 'kernel'), loadKernelBytes());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): number | null {
  return spawnSync(packagePath('build/vector_runner'), args, { cwd: folder }).status;
}

function runTape(tape: Uint8Array): number | null {
  writeFileSync(join(folder, 'tape'), tape);
  return run('kernel', 'tape', 'output', '10000');
}

describe.skipIf(reason !== undefined && !process.env['CI'])('vector runner', () => {
  it('runs a tape of nothing', () => {
    expect(runTape(encodeTape([]))).toBe(exit.DONE);
  });

  it.each([
    ['no bytes', []],
    ['no END', [tapeOp.HASH, 0, 0, 0]],
    ['an unknown operation', [99, 0, 0, 0]],
    ['half a record', [tapeOp.CALL, 0, 0, 0, 1, 0]],
    ['a function that does not exist', [tapeOp.CALL, 77, ...Array<number>(14).fill(0)]],
    ['a read outside the memory', [tapeOp.READ, 5, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]],
    ['a write longer than the tape', [tapeOp.WRITE, 5, 0, 0, 0, 0, 0, 0, 252, 255, 255, 255]],
    ['more words than the tape', [tapeOp.LOAD, 0, 0, 0, 255, 255, 255, 255]],
  ])('refuses a tape with %s', (_, bytes) => {
    expect(runTape(Uint8Array.from(bytes))).toBe(exit.TAPE);
  });

  it('refuses a broken kernel, missing files and other arguments', () => {
    writeFileSync(join(folder, 'half'), loadKernelBytes().subarray(0, 2000));
    writeFileSync(join(folder, 'tape'), encodeTape([]));
    expect(run('half', 'tape', 'output', '10000')).toBe(exit.KERNEL);
    expect(run('kernel', 'tape', 'output', '0')).toBe(exit.KERNEL);
    expect(run('kernel', 'no-such-tape', 'output', '10000')).toBe(exit.FILE);
    expect(run('kernel', 'tape', 'no-such-folder/output', '10000')).toBe(exit.FILE);
    expect(run('kernel', 'tape')).toBe(exit.USAGE);
  });
});
