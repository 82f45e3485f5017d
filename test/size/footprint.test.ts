/** What `linnet model inspect` says a device needs, against a node that really works. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { board, image, measureMarks } from '../../bench/footprint.js';
import { readImage, sumBytes } from '../../bench/image.js';
import { modelHar } from '../../bench/models.js';
import { measureNeed } from '../../host/model/budget.js';
import { loadFootprints } from '../../host/model/footprint.js';
import { openPlanner } from '../../host/model/planner.js';
import { buildFirmware } from '../../tools/build-firmware.mjs';
import { qemuRuntime } from '../runtimes/qemu.js';

const reason = qemuRuntime.available();
if (reason !== undefined && !process.env['CI']) console.log(`footprint skipped: ${reason}`);

describe.skipIf(reason !== undefined && !process.env['CI'])('the footprint of a node', () => {
  it('is what a Cortex-M4 that trains the HAR net uses', async () => {
    const firmware = await buildFirmware(board, [image]);
    if (!firmware.available) throw new Error(firmware.reason);
    // None of the models the footprint was measured with.
    const { descriptor } = modelHar;
    const kernel = await openPlanner('accelerated');
    const { cores } = loadFootprints();
    const device = { image: cores['cortex-m4']['accelerated'], sectorBytes: 4096 };
    const need = measureNeed(kernel, descriptor, device);
    const arenaBytes = kernel.word('arenaBytes');
    const marks = await measureMarks(
      'accelerated',
      descriptor,
      join(firmware.folder, `${image}.elf`),
    );
    const parts = readImage(join(firmware.folder, `${image}.map`));
    const used = sumBytes(parts.ram) + marks.stack + marks.interpreter + arenaBytes;
    const remedy = 'the node needs something else now: run `npm run footprint`';
    expect(Math.abs(need.ramBytes - used), remedy).toBeLessThan(0.04 * used);
    const imageBytes = Object.values(device.image.flash).reduce((sum, bytes) => sum + bytes, 0);
    const flash = sumBytes(parts.flash);
    expect(Math.abs(imageBytes - flash), remedy).toBeLessThan(0.04 * flash);
  });
});
