/** Nodes on the cores of the MPS2 boards: each trains over its link and gives the model V8 gives. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseRecords, runCli } from '../e2e/process.js';
import { Scene } from '../e2e/scene.js';
import { type Board, buildFirmware } from '../../tools/build-firmware.mjs';

const nodes: readonly (readonly [Board, string, string])[] = [
  ['qemu-mps2-m3', 'mps2-an385', 'qemu-cortex-m3'],
  ['qemu-mps2-m7', 'mps2-an500', 'qemu-cortex-m7'],
  ['qemu-mps2-m33', 'mps2-an505', 'qemu-cortex-m33'],
];

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.end());

async function train(...flags: readonly string[]): Promise<unknown> {
  const common = ['train', '--json', '--samples', '20', '--epochs', '1', '--out', 'model.lns'];
  const ended = await runCli(scene, [...common, ...flags]);
  expect(ended).toMatchObject({ code: 0 });
  return parseRecords(ended.stdout).at(-1)!['modelHash'];
}

it.each(nodes)('%s trains the model of V8', async (board, machine, runtime) => {
  const image = await buildFirmware(board, ['linnet-node']);
  if (!image.available && !process.env['CI']) {
    console.log(`node on ${machine} skipped: ${image.reason}`);
    return;
  }
  expect(image).toMatchObject({ available: true });
  const { stdout } = await runCli(scene, ['devices', '--json', '--port', `qemu:${machine}`]);
  expect(stdout).toContain(runtime);
  const hash = await train('--port', `qemu:${machine}`);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(hash).toBe(await train('--runtime', 'v8'));
});
