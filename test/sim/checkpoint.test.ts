/** What a simulation was about to do, on disk: all of it, or refused; without copies of what is large. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { peakBytesIn } from '../../bench/wire/own-peak.js';
import { packagePath } from '../../host/kernel/load.js';
import {
  readCheckpoint,
  writeCheckpoint,
  type Checkpoint,
} from '../../host/simulator/checkpoint.js';
import { Fleet } from '../../host/simulator/fleet.js';
import { parseScenario } from '../../host/simulator/scenario.js';
import { Scene } from '../e2e/scene.js';

let scene: Scene;
beforeAll(() => {
  scene = new Scene();
});
afterAll(() => scene.end());

function makeCheckpoint(parameters: number | undefined): Checkpoint {
  const nodes = 3;
  const accepted = new Int16Array(new SharedArrayBuffer(2 * nodes * (parameters ?? 0)));
  accepted.forEach((_, i) => (accepted[i] = 31 * i));
  return {
    fingerprint: 'of this one',
    nowMs: 1234,
    timers: [{ delayMs: 5, dueMs: 1300 }],
    versions: [],
    batch: [2, 0],
    fleet: new Fleet(parseScenario(`nodes: ${nodes}\nrounds: 1`)).state,
    totals: {
      ...{ instructions: 1, joule: 0.5, bytesUp: 3, bytesDown: 4 },
      ...{ accepted: 5, refused: 6, countedMs: 7 },
    },
    recordBytes: 77,
    local: parameters === undefined ? undefined : { accepted, exists: Uint8Array.of(1, 0, 1) },
  };
}

it.each([undefined, 5, 3_000_000])('is read as it was written, with %s words a node', (words) => {
  const path = scene.path(`words-${words}`);
  expect(readCheckpoint(path)).toBeUndefined();
  const checkpoint = makeCheckpoint(words);
  writeCheckpoint(path, checkpoint);
  expect(existsSync(`${path}.unfinished`)).toBe(false);
  const { local, ...rest } = readCheckpoint(path)!;
  const { local: written, ...others } = checkpoint;
  expect(rest).toEqual(others);
  expect(local?.exists).toEqual(written?.exists);
  const bytesOf = (words: Int16Array = new Int16Array()): Buffer =>
    Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  expect(bytesOf(local?.accepted).equals(bytesOf(written?.accepted))).toBe(true);
});

it('is refused with any byte changed, and at any shorter length', () => {
  const path = scene.path('damaged');
  writeCheckpoint(path, makeCheckpoint(5));
  const whole = readFileSync(path);
  const refusal = expect.objectContaining({
    code: 'ERR_STORE',
    message: `${path} cannot be read: begin again in another folder`,
  }) as Error;
  for (let at = 0; at < whole.length; at++) {
    const changed = Uint8Array.from(whole);
    changed[at] ^= 1;
    writeFileSync(path, changed);
    expect(() => readCheckpoint(path)).toThrow(refusal);
  }
  for (let length = whole.length - 1; length >= 0; length--) {
    truncateSync(path, length);
    expect(() => readCheckpoint(path)).toThrow(refusal);
  }
});

it('is written without copies of the words that stay on the nodes', () => {
  const module = pathToFileURL(packagePath('dist/simulator/checkpoint.js')).href;
  const path = JSON.stringify(scene.path('large'));
  const mebibytes = 256;
  const program = `
    import { readFileSync } from 'node:fs';
    import { writeCheckpoint } from '${module}';
    const status = () => readFileSync('/proc/self/status', 'utf8');
    const accepted = new Int16Array(new SharedArrayBuffer(${mebibytes} * 2 ** 20)).fill(1);
    const local = { accepted, exists: new Uint8Array(1) };
    const before = status();
    writeCheckpoint(${path}, { local });
    console.log(JSON.stringify([before, status()]));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program]);
  expect(String(stderr)).toBe('');
  const [before, after] = (JSON.parse(String(stdout)) as string[]).map(peakBytesIn);
  expect(before).toBeGreaterThan(mebibytes * 2 ** 20);
  expect((after - before) / 2 ** 20).toBeLessThan(mebibytes / 4);
});
