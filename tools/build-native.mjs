/**
 * Builds what runs on this machine, with a C compiler alone:
 *
 *     build/linnet-node         the firmware for POSIX
 *     build/linnet_wasm3.node   the kernel in wasm3, for Node
 *     build/vector_runner       runs tapes of the conformance suite
 */
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { include_dir as nodeApiHeaders } from 'node-api-headers';
import { compileFiles, findCompiler, linkFile } from './compile-c.mjs';
import { listFiles, root } from './incremental.mjs';
import { locateWasm3, readWasm3Definitions } from './wasm3-sources.mjs';

const firmware = join(root, 'firmware');
const common = ['-fPIC', '-O2', '-fvisibility=hidden'];
const strict = ['-std=c99', '-Wall', '-Wextra', '-Wconversion'];
// A newcomer's compiler may warn of what ours does not know yet; that must not stop `npm start`.
if (process.env.CI) strict.push('-Werror');

/** Sources of the firmware that drive a kernel; the rest makes a node of it. */
const glue = ['bytes', 'heap', 'kernel', 'sha256'];

const intrinsics = join(firmware, 'src/intrinsics');

const objectName = (folder, source) => `${folder}-${basename(source, '.c')}`;

/** Jobs for compileFiles(): the engine, which is other people's code, without warnings. */
function engineJobs(wasm3, definitions) {
  const flags = [...common, '-fomit-frame-pointer', '-w', ...definitions, `-I${wasm3.folder}`];
  return wasm3.files.map((source) => ({
    name: objectName('wasm3', source),
    source,
    flags,
    headers: wasm3.headers,
  }));
}

/** Jobs for one folder of our own sources; they see `folders` and no engine. */
function ownJobs(folder, sources, folders, extra = []) {
  const flags = [...common, ...strict, ...folders.map((path) => `-I${path}`), ...extra];
  const headers = listFiles(folders, ['.h']);
  return sources.map((source) => ({ name: objectName(folder, source), source, flags, headers }));
}

/** kernel.c is the only file that sees the engine. */
function glueJobs(wasm3, definitions, folders) {
  const sources = glue.map((name) => join(firmware, 'src', `${name}.c`));
  return ownJobs('firmware', sources, folders).map((job) => {
    if (basename(job.source) !== 'kernel.c') return job;
    const source = `-DLINNET_WASM3_SOURCE="${wasm3.source}"`;
    const engine = [...definitions, '-isystem', wasm3.folder, source];
    const flags = [...job.flags, ...engine, '-DLINNET_THREAD_LOCAL=__thread'];
    return { ...job, flags, headers: [...job.headers, ...wasm3.headers] };
  });
}

/** The native functions of an accelerated kernel: all of its arithmetic, so worth optimising. */
function intrinsicsJobs(folders) {
  return ownJobs('intrinsics', listFiles([intrinsics], ['.c']), folders, ['-O3']);
}

const posixFlags = ['-D_DEFAULT_SOURCE', '-D_DARWIN_C_SOURCE'];
const addonFlags =
  process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];

async function buildTargets(compiler, targets) {
  const wasm3 = locateWasm3();
  const definitions = readWasm3Definitions().map((definition) => `-D${definition}`);
  const core = ['include', 'src'].map((folder) => join(firmware, folder));
  const posix = join(firmware, 'ports/posix');
  const emulated = join(firmware, 'ports/emulated');
  const tools = join(firmware, 'tools');
  const binding = join(root, 'host/wasm3');
  const kernelJobs = [
    ...engineJobs(wasm3, definitions),
    ...glueJobs(wasm3, definitions, core),
    ...intrinsicsJobs(core),
  ];
  const addonJobs = ownJobs(
    'addon',
    listFiles([binding], ['.c']),
    [...core, binding],
    ['-isystem', nodeApiHeaders],
  );
  const runner = ['vector_runner', 'runner_stdio'].map((name) => join(tools, `${name}.c`));
  const nodeSources = listFiles([join(firmware, 'src')], ['.c']).filter(
    (source) => !source.startsWith(intrinsics) && !glue.includes(basename(source, '.c')),
  );
  const nodeJobs = [
    ...ownJobs('firmware', nodeSources, core),
    ...ownJobs('emulated', listFiles([emulated], ['.c']), [...core, emulated]),
    ...ownJobs('posix', listFiles([posix], ['.c']), [...core, emulated, posix], posixFlags),
  ];

  const kernel = await compileFiles(compiler, kernelJobs);
  async function link(file, jobs, flags) {
    if (!targets.includes(file)) return;
    const objects = await compileFiles(compiler, jobs);
    await linkFile(compiler, file, [...kernel, ...objects], flags);
  }
  await link('linnet_wasm3.node', addonJobs, addonFlags);
  await link('vector_runner', ownJobs('tools', runner, [...core, tools]), []);
  await link('linnet-node', nodeJobs, []);
  // A node with an application beside it: the same sources, with the calls of the example compiled in.
  for (const [file, application] of Object.entries(applications)) {
    const folders = [...core, emulated, posix];
    const flags = [...posixFlags, '-DLINNET_APPLICATION'];
    const own = [join(posix, 'main.c'), join(root, application)];
    const main = ownJobs(file, own, folders, flags);
    await link(file, [...nodeJobs.filter(({ source }) => source !== own[0]), ...main], []);
  }
}

/** Programs below build/ that tests ask for, each a native node with an application. */
const applications = {
  'linnet-live': 'firmware/examples/live/application.c',
  'linnet-asking': 'test/node/asking_application.c',
  'linnet-collecting': 'test/node/collecting_application.c',
};

/** What there is to build, all below build/. */
export const nativeTargets = ['linnet_wasm3.node', 'vector_runner', 'linnet-node'];

/**
 * Builds what has changed of `targets`. Resolves to `{available: true, compiler}`, or to `{available: false,
 * reason}` where there is no compiler; rejects if a source does not compile.
 */
export async function buildNative(targets = nativeTargets) {
  if (process.platform === 'win32') {
    return { available: false, reason: 'native nodes need a POSIX system' };
  }
  const compiler = findCompiler();
  if (compiler === undefined) {
    const reason = 'no C compiler: install gcc and libc6-dev, or name one in CC';
    return { available: false, reason };
  }
  await buildTargets(compiler, targets);
  return { available: true, compiler: compiler.version };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { available, reason } = await buildNative();
    if (!available) console.error(`Nothing built: ${reason}`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
