/**
 * `npm run soak -- [--rounds N] [--seed S] [--pause R]`: a federation that is killed again and again. Ends
 * with 0 if nothing was lost or counted twice and every model is that of an undisturbed run.
 */
import { parseArgs } from 'node:util';
import { Scene } from '../e2e/scene.js';
import { soak } from './soak.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    /** Rounds between two kills, at most. */
    pause: { type: 'string', default: '3' },
  },
});

function countOf(name: 'rounds' | 'seed' | 'pause'): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  console.error(`--${name} ${values[name]} is not a whole number above 0`);
  process.exit(2);
}

const [rounds, seed, pauseRounds] = [countOf('rounds'), countOf('seed'), countOf('pause')];
const scene = new Scene();
const startedMs = performance.now();
try {
  const report = await soak(scene, {
    ...{ rounds, seed, pauseRounds },
    log: (text) => process.stderr.write(`${text}\n`),
  });
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(JSON.stringify({ rounds, seed, ...report, seconds }));
} catch (error) {
  process.exitCode = 1;
  console.error((error as Error).message);
} finally {
  await scene.end();
}
