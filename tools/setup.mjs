/**
 * Makes a fresh clone ready: npm packages, kernel, host, and with a C compiler the native node and
 * the wasm3 binding. Needs nothing but Node; does only what has changed. Progress goes to stderr.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfChanged, fingerprint, listFiles, root } from './incremental.mjs';

const minimumNode = [20, 19];

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > minimumNode[0] || (major === minimumNode[0] && minor >= minimumNode[1])) return;
  console.error(
    `Node ${process.versions.node} is too old: install Node ${minimumNode.join('.')} or later.`,
  );
  process.exit(2);
}

function installPackages() {
  const lock = fingerprint([join(root, 'package-lock.json')]);
  const stamp = join(root, 'node_modules/.linnet-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.error('Installing npm packages (npm ci) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  try {
    execFileSync(npm, ['ci', '--no-audit', '--no-fund'], { cwd: root, stdio: ['ignore', 2, 2] });
  } catch {
    console.error('npm ci failed: see its message above; a registry must be reachable.');
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}

async function buildHost() {
  const inputs = listFiles([join(root, 'host'), join(root, 'tsconfig.json')], ['.ts', '.json']);
  const out = join(root, 'dist');
  await buildIfChanged({
    name: 'host',
    inputs,
    outputs: [join(out, 'cli/main.js')],
    build: () => {
      console.error('Building the host (tsc) …');
      rmSync(out, { recursive: true, force: true });
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json'], {
        cwd: root,
        stdio: ['ignore', 2, 2],
      });
    },
  });
}

/** A build that may lack its tools: says why and goes on, but fails in CI. */
async function tryBuild(what, build) {
  let reason;
  try {
    const result = await build();
    if (result.available) return;
    reason = result.reason;
  } catch (error) {
    reason = error.message;
  }
  console.error(`${what}: ${reason}`);
  if (process.env.CI) process.exit(1);
}

/**
 * Everything `npm start` and `linnet` need, and the images of `boards`, names of build-firmware.mjs.
 * Where a compiler is missing it says so, and what needs it is left out.
 */
export async function setUp(boards = []) {
  checkNode();
  installPackages();
  const { buildKernel } = await import('./build-kernel.mjs');
  await buildKernel();
  await buildHost();
  const { buildNative } = await import('./build-native.mjs');
  await tryBuild('No native nodes and no wasm3 binding', buildNative);
  const { buildFirmware } = await import('./build-firmware.mjs');
  for (const board of boards) {
    await tryBuild(`No firmware for ${board}`, () => buildFirmware(board));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { boards } = await import('./build-firmware.mjs');
  await setUp(process.argv.includes('--firmware') ? Object.keys(boards) : []);
}
