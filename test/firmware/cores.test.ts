import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildFirmware } from '../../tools/build-firmware.mjs';
import { qemuRuntime } from '../runtimes/qemu.js';

const programs = ['intrinsics_test', 'intrinsics_hostile_test'];
const reason = qemuRuntime.available();
if (reason !== undefined && !process.env['CI']) console.log(`C tests on a core skipped: ${reason}`);

/** The DSP code of the intrinsics exists on a core only. */
describe.skipIf(reason !== undefined && !process.env['CI'])('intrinsics on a Cortex-M4', () => {
  it.each(programs)('%s', async (program) => {
    const build = await buildFirmware('qemu-mps2-m4', programs);
    if (!build.available) throw new Error(build.reason);
    const args = [
      ...['-M', 'mps2-an386', '-display', 'none', '-monitor', 'none', '-serial', 'none'],
      ...['-semihosting-config', 'enable=on,target=native'],
      ...['-kernel', join(build.folder, `${program}.elf`)],
    ];
    const output = execFileSync('qemu-system-arm', args, { encoding: 'utf8', timeout: 120_000 });
    expect(output).toBe('');
  });
});
