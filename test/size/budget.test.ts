import { describe, expect, it } from 'vitest';
import { sumBytes } from '../../bench/image.js';
import { measureNode } from '../../bench/measure-node.js';
import { readBudget, sizedNodes } from '../../bench/size.js';
import { qemuRuntime } from '../runtimes/qemu.js';

const reason = qemuRuntime.available();
if (reason !== undefined && !process.env['CI']) console.log(`budget skipped: ${reason}`);

describe.skipIf(reason !== undefined && !process.env['CI'])('budget of a Cortex-M4 node', () => {
  it.each(sizedNodes)('trains the $name model within its RAM and flash', async (sized) => {
    const budget = readBudget();
    const node = await measureNode(sized.model, sized.image);
    expect(node.ramBytes).toBeLessThanOrEqual(budget.ramBytes[sized.name]);
    expect(node.flashBytes).toBeLessThanOrEqual(budget.flashBytes);

    // The parts are those of a node that really worked, and nothing is counted twice or left out.
    expect([...node.heap.values()].every((bytes) => bytes > 1000)).toBe(true);
    expect(node.stackUsed).toBeGreaterThan(500);
    expect(node.stackUsed).toBeLessThan(node.image.stackReserve);
    const parts = sumBytes(node.image.ram) + node.stackUsed + sumBytes(node.heap);
    expect(parts).toBe(node.ramBytes);
  });
});
