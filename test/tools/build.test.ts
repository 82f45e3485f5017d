import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packagePath } from '../../host/kernel/load.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'linnet-build-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function runTool(name: string, env: NodeJS.ProcessEnv) {
  const options = { env: { ...process.env, ...env }, encoding: 'utf8' as const };
  return spawnSync(process.execPath, [packagePath(`tools/${name}`)], options);
}

describe('builds', () => {
  it('say what is missing where there is no compiler', () => {
    const native = runTool('build-native.mjs', { PATH: folder, CC: '' });
    expect([native.status, native.stderr]).toEqual([0, expect.stringContaining('install gcc')]);
    const firmware = runTool('build-firmware.mjs', { PATH: folder });
    expect([firmware.status, firmware.stderr]).toEqual([0, expect.stringContaining('cmake')]);
  });

  it('refuse a folder that holds no wasm3', () => {
    const { status, stderr } = runTool('build-native.mjs', { LINNET_WASM3_DIR: folder });
    expect([status, stderr]).toEqual([1, expect.stringContaining('LINNET_WASM3_DIR')]);
  });
});

describe('lock', () => {
  const script = `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { withLock } from ${JSON.stringify(pathToFileURL(packagePath('tools/lock.mjs')).href)};
    const [lock, log] = process.argv.slice(-2);
    await withLock(lock, async () => {
      appendFileSync(log, 'in ');
      await sleep(30);
      appendFileSync(log, 'out ');
    });`;

  function contend(lock: string, log: string): Promise<number | null> {
    const args = ['--input-type=module', '-e', script, lock, log];
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    return new Promise((resolve) => child.on('exit', resolve));
  }

  it('lets one process in at a time', async () => {
    const [lock, log] = [join(folder, 'lock'), join(folder, 'log')];
    const codes = await Promise.all(Array.from({ length: 4 }, () => contend(lock, log)));
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(readFileSync(log, 'utf8')).toBe('in out '.repeat(4));
  });

  it('takes over from a process that died', async () => {
    const [lock, log] = [join(folder, 'lock'), join(folder, 'log')];
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(lock, String(pid));
    expect(await contend(lock, log)).toBe(0);
  });
});
