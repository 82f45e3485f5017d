import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { receipt } from '../../host/contract/contract.gen.js';
import { compileBench } from '../../bench/wire/compile.js';
import { runCrowd, type CrowdReport } from '../../bench/wire/crowd.js';
import { heavyModel, nodeName } from '../../bench/wire/models.js';
import type { CompiledChild } from '../federated/compile-child.js';
import { hasMosquitto } from '../mqtt/mosquitto.js';

const MIB = 2 ** 20;
const CROWD = 10_000;

/** Uploads that may wait. */
const QUEUE = 500;

/** What an aggregator may keep of a node: its key, and whether it has told it the newest announcement. */
const BYTES_PER_NODE = 600;

let program: CompiledChild;
beforeAll(() => (program = compileBench('aggregator.ts')));
afterAll(() => program.remove());

const crowdOf = (nodes: number): Promise<CrowdReport> =>
  runCrowd({ program: program.path, ...heavyModel, nodes, queueLimit: QUEUE, retryMs: 200 });

describe.skipIf(!hasMosquitto)('ten thousand nodes that publish at once', () => {
  it('are each counted once, within the memory of a short queue', async () => {
    const few = await crowdOf(CROWD / 10);
    const crowd = await crowdOf(CROWD);
    expect([...crowd.rows].sort()).toEqual(
      Array.from({ length: CROWD }, (_, index) => nodeName(index)).sort(),
    );
    expect(crowd.codes.get(receipt.ACCEPTED)).toBe(CROWD);
    expect(crowd.returned).toBeGreaterThan(0);
    const codes = [receipt.ACCEPTED, receipt.DUPLICATE, receipt.LATER];
    expect([...crowd.codes.keys()].filter((code) => !codes.includes(code as never))).toEqual([]);

    // Together the uploads have a hundred million bytes.
    const [started, counted, over] = crowd.memory;
    expect(over.peakBytes - started.peakBytes).toBeLessThan(64 * MIB);
    expect(counted.liveBytes).toBeLessThan(40 * MIB);
    const perNode = (stage: number): number =>
      (crowd.memory[stage].liveBytes - few.memory[stage].liveBytes) / (CROWD - CROWD / 10);
    expect(perNode(0)).toBeLessThan(BYTES_PER_NODE);
    expect(perNode(2)).toBeLessThan(BYTES_PER_NODE);
  }, 600_000);
});
