/**
 * Builds the fuzz targets of firmware/fuzz under the address and undefined-behaviour sanitizers, below
 * build/fuzz: with libFuzzer they look for inputs, with replay.c they repeat given ones.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { compileFiles, findCompiler, linkFile } from './compile-c.mjs';
import { listFiles, root } from './incremental.mjs';
import { locateWasm3, readWasm3Definitions } from './wasm3-sources.mjs';

const firmware = join(root, 'firmware');
const fuzz = join(firmware, 'fuzz');
const intrinsics = join(firmware, 'src/intrinsics');
const folders = ['include', 'src', 'src/intrinsics', 'fuzz', 'tools', 'ports/emulated'].map(
  (path) => join(firmware, path),
);
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const strict = ['-std=c99', '-Wall', '-Wextra', '-Wconversion', '-Werror'];

const engine = ['bytes', 'heap', 'kernel'];

/** Targets: their files in firmware/fuzz and firmware/src, and whether a kernel runs in them. */
const targets = {
  kernel: { files: ['kernel_fuzz.c', 'kernel_mutator.c'], src: engine, hasEngine: true },
  payload: { files: ['payload_fuzz.c'], src: engine, hasEngine: true },
  node: {
    files: [
      'node_fuzz.c',
      'node_claims.c',
      '../tools/cut_host.c',
      '../tools/cut_scene.c',
      '../ports/emulated/nor_flash.c',
    ],
    src: listFiles([join(firmware, 'src')], ['.c'])
      .filter((path) => dirname(path) === join(firmware, 'src'))
      .map((path) => basename(path, '.c')),
    hasEngine: true,
  },
  wire: { files: ['wire_fuzz.c'], src: ['bytes', 'cbor', 'envelope', 'wire'] },
  frame: { files: ['frame_fuzz.c'], src: ['bytes', 'crc32', 'frame'] },
  message: { files: ['message_fuzz.c'], src: ['bytes', 'messages.gen'] },
  intrinsics: { files: ['intrinsics_fuzz.c'], src: [], hasIntrinsics: true },
};

/** What is fuzzed here: the intrinsics may not be in this checkout. */
export const fuzzTargets = Object.keys(targets).filter(
  (name) => !targets[name].hasIntrinsics || existsSync(join(intrinsics, 'intrinsics.h')),
);

/** Writes the committed inputs of a target into files of a fresh folder; returns folder and paths. */
export function unpackSeeds(name) {
  const folder = join(root, 'build/fuzz', `seeds-${name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const lines = readFileSync(join(fuzz, 'seeds', `${name}.txt`), 'utf8')
    .trim()
    .split('\n');
  const paths = lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.split(' '))
    .map(([file, base64]) => {
      const path = join(folder, file);
      writeFileSync(path, Buffer.from(base64, 'base64'));
      return path;
    });
  return { folder, paths };
}

/** The engine is other people's code and lives on tail calls: it is compiled as ever. */
function engineJobs(prefix, wasm3, definitions) {
  return wasm3.files.map((source) => ({
    name: `${prefix}-wasm3-${basename(source, '.c')}`,
    source,
    flags: ['-O2', '-fomit-frame-pointer', '-w', ...definitions, `-I${wasm3.folder}`],
    headers: wasm3.headers,
  }));
}

function ownJobs(prefix, sources, flags, wasm3, definitions) {
  const engine = [...definitions, '-isystem', wasm3.folder];
  return sources.map((source) => ({
    name: `${prefix}-${basename(source, '.c')}`,
    source,
    flags: [
      ...['-O1', '-g', '-fno-omit-frame-pointer', ...strict, ...sanitizers, ...flags],
      ...folders.map((folder) => `-I${folder}`),
      ...(basename(source) === 'kernel.c' ? engine : []),
    ],
    headers: [...listFiles(folders, ['.h']), ...wasm3.headers],
  }));
}

async function buildTarget(compiler, name, mode, compileFlags, linkFlags, extra) {
  const { files, src, hasEngine, hasIntrinsics } = targets[name];
  const wasm3 = locateWasm3();
  const definitions = readWasm3Definitions().map((definition) => `-D${definition}`);
  const prefix = `fuzz-${mode}`;
  const sources = [
    ...[...files, 'common.c', ...extra].map((file) => join(fuzz, file)),
    ...src.map((file) => join(firmware, 'src', `${file}.c`)),
    ...(hasEngine || hasIntrinsics ? listFiles([intrinsics], ['.c']) : []),
  ];
  const objects = await compileFiles(compiler, [
    ...(hasEngine ? engineJobs(prefix, wasm3, definitions) : []),
    ...ownJobs(prefix, sources, compileFlags, wasm3, definitions),
  ]);
  const file = `fuzz-${name}-${mode}`;
  await linkFile(compiler, file, objects, [...sanitizers, ...linkFlags]);
  return join(root, 'build', file);
}

/** Path of the program that repeats inputs: `PROGRAM INPUT…`. Needs any C compiler with sanitizers. */
export async function buildReplay(name) {
  return buildTarget(findCompiler(), name, 'replay', [], [], ['replay.c']);
}

/** Undefined, or why there is no libFuzzer. */
export function lackOfFuzzer() {
  try {
    // Linked, not only compiled: the library is a package of its own.
    const args = ['-x', 'c', '-', '-fsanitize=fuzzer,address', '-o', '/dev/null'];
    const input = 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return !d && n; }';
    execFileSync('clang', args, { input, stdio: ['pipe', 'ignore', 'ignore'] });
    return undefined;
  } catch {
    return 'clang with libFuzzer is missing: install clang and libclang-rt-dev';
  }
}

/** Path of the libFuzzer program of a target. */
export async function buildFuzzer(name) {
  const version = execFileSync('clang', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  const compiler = { command: 'clang', version };
  return buildTarget(
    compiler,
    name,
    'search',
    ['-fsanitize=fuzzer-no-link'],
    ['-fsanitize=fuzzer'],
    [],
  );
}
