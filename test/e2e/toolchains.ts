/**
 * What this machine can run. On a laptop a test without its toolchain is skipped and says why; in CI
 * everything is required.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { packagePath } from '../../host/kernel/load.js';
import { nativeNodePath } from '../../host/cli/demo/runtimes.js';

function require(isThere: boolean, lack: string): boolean {
  if (!isThere && process.env.CI) throw new Error(`${lack}, which CI requires`);
  if (!isThere) process.stderr.write(`skipped: ${lack}\n`);
  return isThere;
}

export const hasNative = require(nativeNodePath() !==
  undefined, 'the native node was not built (apt install gcc)');

const image = packagePath('build/firmware/qemu-mps2-m4/linnet-node.elf');

export const hasQemu =
  require(spawnSync('qemu-system-arm', ['--version']).status ===
    0, 'QEMU is not installed (apt install qemu-system-arm)') &&
  require(existsSync(
    image,
  ), 'the firmware was not built (apt install gcc-arm-none-eabi libnewlib-arm-none-eabi cmake ninja-build)');

export const hasWasm3 = require(existsSync(
  packagePath('build/linnet_wasm3.node'),
), 'the wasm3 binding was not built (apt install gcc)');
