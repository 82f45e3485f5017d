/** Where the C sources of the wasm3 interpreter come from, for every build. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { listFiles, root } from './incremental.mjs';

const packageFolder = join(root, 'node_modules/react-native-webassembly');

/** LINNET_WASM3_DIR may name a checkout of wasm3 or the folder of its sources. */
function findFolder(path) {
  const folder = [path, join(path, 'source')].find((entry) => existsSync(join(entry, 'wasm3.h')));
  if (folder === undefined) {
    throw new Error(`LINNET_WASM3_DIR: no wasm3.h in ${path} or its folder source/`);
  }
  return folder;
}

function describe(folder, source) {
  const files = listFiles([folder], ['.c']).filter((path) => /[\\/]m3_(?!api_)[^\\/]*$/.test(path));
  return { folder, source, files, headers: listFiles([folder], ['.h']) };
}

/**
 * The folder, its sources without the WASI and libc bindings, its headers, and where they came
 * from, as engines report it. Throws if LINNET_WASM3_DIR holds no wasm3.
 */
export function locateWasm3() {
  const path = process.env.LINNET_WASM3_DIR;
  if (path) return describe(findFolder(resolve(path)), 'LINNET_WASM3_DIR');
  const { name, version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  return describe(join(packageFolder, 'cpp'), `npm ${name} ${version}`);
}

/** Preprocessor definitions every build of wasm3 shares, `NAME=VALUE` each. */
export function readWasm3Definitions() {
  const lines = readFileSync(join(root, 'firmware/wasm3.definitions'), 'utf8').trim().split('\n');
  return lines.filter((line) => !line.startsWith('#'));
}
