/**
 * Builds, under the address and undefined-behaviour sanitizers and with the durations of
 * test/node/implementations.ts: build/linnet-node-sanitized, two-nodes-sanitized and
 * cut-runner-sanitized, and cut-runner-forgetful with a node that is wrong. The
 * engine, which is other people's code and lives on tail calls, is compiled as ever. Prints the
 * folder.
 */
import { basename, join } from 'node:path';
import { compileFiles, findCompiler, linkFile } from '../../tools/compile-c.mjs';
import { listFiles, root } from '../../tools/incremental.mjs';
import { locateWasm3, readWasm3Definitions } from '../../tools/wasm3-sources.mjs';

const durations = {
  LINNET_REQUEST_MS: 300,
  LINNET_REQUEST_TRIES: 4,
  LINNET_LATER_MS: 60,
  LINNET_REFUSED_MS: 600,
  LINNET_OFFER_MS: 1500,
  LINNET_SILENCE_MS: 3000,
  LINNET_CONDITION_MS: 200,
};
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const strict = ['-std=c99', '-Wall', '-Wextra', '-Wconversion', '-Werror', '-D_DEFAULT_SOURCE'];

const firmware = join(root, 'firmware');
const folders = ['include', 'src', 'ports/emulated', 'ports/posix', 'tools'].map((folder) =>
  join(firmware, folder),
);
const wasm3 = locateWasm3();
const definitions = readWasm3Definitions().map((definition) => `-D${definition}`);

const engineJobs = wasm3.files.map((source) => ({
  name: `sanitized-wasm3-${basename(source, '.c')}`,
  source,
  flags: ['-O2', '-fomit-frame-pointer', '-w', ...definitions, `-I${wasm3.folder}`],
  headers: wasm3.headers,
}));

/** Half of what the cut runner does; test/firmware/hash.test.ts has it under sanitizers. */
const isHash = (source) => ['sha256.c', 'crc32.c'].includes(basename(source));

function ownJob(source) {
  const engine = [...definitions, '-isystem', wasm3.folder];
  return {
    name: `sanitized-${basename(source, '.c')}`,
    source,
    flags: [
      ...(isHash(source) ? ['-O2'] : ['-O1', '-g', '-fno-omit-frame-pointer', ...sanitizers]),
      ...strict,
      ...folders.map((folder) => `-I${folder}`),
      ...Object.entries(durations).map(([name, value]) => `-D${name}=${value}u`),
      ...(basename(source) === 'kernel.c' ? engine : []),
    ],
    headers: [...listFiles(folders, ['.h']), ...wasm3.headers],
  };
}

const compiler = findCompiler();
const [src, emulated, port, tools] = folders
  .slice(1)
  .map((folder) => listFiles([folder], ['.c']).map(ownJob));
const core = await compileFiles(compiler, [...engineJobs, ...src]);
const flash = await compileFiles(compiler, emulated);
const posix = await compileFiles(compiler, port);
const cutRunner = await compileFiles(
  compiler,
  tools.filter(({ name }) => !name.endsWith('vector_runner')),
);
const twoNodes = await compileFiles(compiler, [ownJob(join(root, 'test/node/two_nodes.c'))]);

/** The same objects but keep.c, whose recall() makes place for another one. */
const keep = src.findIndex(({ name }) => name.endsWith('-keep'));
const forgetful = await compileFiles(compiler, [
  {
    ...src[keep],
    name: 'forgetful-keep',
    flags: [...src[keep].flags, '-Dlinnet_keep_recall=linnet_keep_recall_right'],
  },
  ownJob(join(root, 'test/firmware/forgetful.c')),
]);
const rest = core.toSpliced(engineJobs.length + keep, 1);

await linkFile(compiler, 'linnet-node-sanitized', [...core, ...flash, ...posix], sanitizers);
await linkFile(compiler, 'two-nodes-sanitized', [...core, ...flash, ...twoNodes], sanitizers);
await linkFile(compiler, 'cut-runner-sanitized', [...core, ...flash, ...cutRunner], sanitizers);
await linkFile(
  compiler,
  'cut-runner-forgetful',
  [...rest, ...forgetful, ...flash, ...cutRunner],
  sanitizers,
);
console.log(join(root, 'build'));
