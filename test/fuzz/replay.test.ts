/** The seeds of the fuzz targets, and whatever a search ever found, break no claim. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../host/kernel/load.js';
import { buildReplay, type FuzzTarget, fuzzTargets, unpackSeeds } from '../../tools/build-fuzz.mjs';
import { hasCompiler } from '../firmware/native.js';

async function replay(target: FuzzTarget, kernel = 'build/kernel.wasm'): Promise<string> {
  const program = await buildReplay(target);
  const { paths } = unpackSeeds(target);
  expect(paths.length).toBeGreaterThan(19);
  const env = { ...process.env, LINNET_FUZZ_KERNEL: packagePath(kernel) };
  const { status, stderr } = spawnSync(program, paths, { env, encoding: 'utf8' });
  expect(stderr.split('\n').filter((line) => !paths.includes(line))).toEqual(['']);
  expect(status).toBe(0);
  return stderr;
}

describe.skipIf(!hasCompiler)('inputs of the fuzz targets', () => {
  it('leave the portable kernel whole', () => replay('kernel'));

  it.skipIf(!fuzzTargets.includes('intrinsics'))('leave the accelerated kernel whole', () =>
    replay('kernel', 'build/kernel.accelerated.wasm'),
  );

  it.skipIf(!fuzzTargets.includes('intrinsics'))('leave the intrinsics whole', () =>
    replay('intrinsics'),
  );

  it('leave a node behind a hostile link whole', () => replay('node'));

  it('leave what reads payloads, frames and messages whole', async () => {
    await replay('payload');
    await replay('wire');
    await replay('frame');
    await replay('message');
  });

  it('would be found guilty of a kernel that traps', async () => {
    const program = await buildReplay('kernel');
    const { paths } = unpackSeeds('kernel');
    const env = { ...process.env, LINNET_FUZZ_KERNEL: packagePath('package.json') };
    const { status, stderr } = spawnSync(program, paths.slice(0, 1), { env, encoding: 'utf8' });
    expect(status).not.toBe(0);
    expect(stderr).toContain('broken: the kernel opens');
  });
});
