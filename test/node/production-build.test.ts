import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packagePath } from '../../host/kernel/load.js';
import { whereNative } from './native.js';

/** The object file of a source of the core, as bytes: names of what it calls stand in it. */
function compile(source: string, pullSamples: number): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-build-'));
  const object = join(folder, 'object.o');
  const strict = ['-std=c99', '-Wall', '-Wextra', '-Wconversion', '-Werror'];
  const include = `-I${packagePath('firmware/include')}`;
  const define = `-DLINNET_PULL_SAMPLES=${pullSamples}`;
  const input = packagePath(`firmware/src/${source}.c`);
  try {
    execFileSync(process.env['CC'] ?? 'cc', [
      ...strict,
      include,
      define,
      '-c',
      input,
      '-o',
      object,
    ]);
    return readFileSync(object);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await whereNative(() => {
  it.each(['round', 'work', 'session'])('leaves pulled samples out of %s.c', (source) => {
    const calls = ['linnet_sample_request_pack', 'linnet_round_pack', 'linnet_round_take'];
    const rig = compile(source, 1);
    const production = compile(source, 0);
    for (const name of calls) expect(production.includes(name)).toBe(false);
    expect(production.length).toBeLessThanOrEqual(rig.length);
  });

  it('has them in a build for rigs', () => {
    expect(compile('round', 1).includes('linnet_sample_request_pack')).toBe(true);
  });
});
