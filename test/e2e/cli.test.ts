/** The command line as users meet it: help, mistakes, NDJSON, Ctrl-C. */
import { spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nativeNodePath } from '../../host/cli/demo/runtimes.js';
import { scoreFields } from '../../host/cli/scores.js';
import { prepareTask } from '../../host/cli/task.js';
import { packagePath } from '../../host/kernel/load.js';
import { unpackSnapshot } from '../../host/model/snapshot.js';
import { startBroker } from '../../host/mqtt/broker.js';
import { waitFor } from '../mqtt/wait.js';
import {
  descendantsOf,
  isAlive,
  parseRecords,
  patienceMs,
  runCli,
  startCli,
  type Ended,
} from './process.js';
import { Scene } from './scene.js';
import { flagsOfPlan, runSmallFederation } from './small-federation.js';
import { hasNative, hasQemu, hasWasm3 } from './toolchains.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.end());

const commands = [
  '',
  'demo',
  'aggregator',
  'bridge',
  'node',
  'sim',
  'train',
  'model',
  'devices',
  'fleet',
  'replay',
  'audit',
  'retract',
  'rollback',
];

describe('linnet --help', () => {
  it.each([...commands, 'model new', 'model inspect', 'model import', 'model export'])(
    'explains "%s"',
    async (command) => {
      const args = command.split(' ').filter((word) => word !== '');
      const { code, stdout, stderr } = await runCli(scene, [...args, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`Usage: linnet${command && ` ${command}`}`);
    },
  );
});

it('ends in silence where nobody reads its output', async () => {
  const child = spawn(process.execPath, [packagePath('bin/linnet.mjs'), '--help']);
  child.stdout.destroy();
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
});

it.skipIf(!existsSync('/dev/full'))('says that the disk of its output is full', async () => {
  const full = openSync('/dev/full', 'w');
  const stdio: StdioOptions = ['ignore', full, 'pipe'];
  const child = spawn(process.execPath, [packagePath('bin/linnet.mjs'), '--help'], { stdio });
  let errors = '';
  child.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  closeSync(full);
  expect(code).toBe(2);
  expect(errors).toMatch(/^linnet: ENOSPC: [^\n]+: check the path[^\n]+ \[ERR_USAGE\]\n$/);
});

/** Arguments, exit code, and what the one line on stderr says. */
const mistakes: readonly (readonly [string, number, RegExp])[] = [
  ['demo --nodes 0', 2, /nodes is 0, it must be 1 to 1000/],
  ['demo --nodes four', 2, /four is not a whole number/],
  ['demo --qemu 5 --out out', 2, /--qemu 5 asks for more than the 4 nodes/],
  ['demo --data nothing.bin --out out', 2, /nothing\.bin.*cannot be read.*check the path/],
  ['demo --data text.txt --out out', 2, /text\.txt.*no known data format.*give an FDS1 file/],
  ['demo --freeze 0,1 --out out', 2, /--freeze: "0,1" leaves no layer to train/],
  ['demo --freeze 0,x --out out', 2, /is not a list of layers.*the model has the layers 0 to 1/],
  ['demo --proximal-shift 16', 2, /proximalShift is 16, it must be 0 to 15/],
  ['demo --classes N,Q --out out', 2, /there is no class "Q".*choose among N, S, V/],
  ['demo --runtime wasmtime', 2, /"wasmtime" is not one of native, v8/],
  ['demo --config bad.yaml', 2, /bad\.yaml: demo\.node is not a setting.*nodes/],
  ['model inspect text.txt', 2, /text\.txt/],
  ['aggregator', 2, /no broker is named: give --mqtt/],
  ['aggregator --mqtt http://127.0.0.1:1', 2, /does not begin with mqtt:\/\//],
  ['aggregator --mqtt mqtt://127.0.0.1:1', 4, /127\.0\.0\.1:1.*check --mqtt/],
  ['node --name bad/name', 2, /"bad\/name" is not a name: use 1 to 32/],
  ['node --name a --runtime v8 --data nothing.fds', 2, /nothing\.fds.*check the path/],
  ['devices --port nonsense', 2, /"nonsense" is not a port: use \/dev\/ttyACM0/],
  ['devices --port tcp://127.0.0.1:1', 4, /ECONNREFUSED.*check the port/],
  ['demo --out text.txt/out', 2, /text\.txt\/out.*check the path/],
  ['sim . --out out', 2, /^linnet: \.: cannot be read: name a scenario/],
  ['sim text.txt --config sim.yaml', 2, /sim\.yaml: sim\.worker is not a setting.*workers/],
  ['demo --bogus', 2, /unknown option '--bogus': see linnet --help/],
  ['bogus', 2, /unknown command 'bogus': see linnet --help/],
  ['bridge --port exec:/nothing/there', 2, /no broker is named/],
];

describe('a mistake', () => {
  it.each(mistakes)('"%s" ends with %i and one line', async (line, code, message) => {
    writeFileSync(scene.path('text.txt'), 'neither data nor a model\n');
    writeFileSync(scene.path('bad.yaml'), 'demo: { node: 4 }\n');
    writeFileSync(scene.path('sim.yaml'), 'sim: { worker: 4 }\n');
    const ended = await runCli(scene, line.split(' '));
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
    expect(ended.stderr).toMatch(/^linnet: [^\n]+ \[ERR_[A-Z_]+\]\n$/);
    expect(ended.stderr).toMatch(message);
  });
});

const runtime = hasNative ? 'native' : 'v8';

describe('linnet demo', () => {
  it('prints nothing but records with --json', async () => {
    const flags = ['--runtime', runtime, '--out', 'out', ...flagsOfPlan()];
    const { code, stdout } = await runCli(scene, ['demo', '--json', ...flags]);
    expect(code).toBe(0);
    const records = parseRecords(stdout);
    expect(records.map(({ type }) => type)).toEqual(['round', 'round', 'summary']);
    const summary = records.at(-1)!;
    const reference = await runSmallFederation(scene, { runtime });
    const { scores, modelHash, initialModelHash } = reference.summary;
    expect(summary).toMatchObject({
      ...scoreFields(scores),
      ...{ modelHash, initialModelHash, rounds: 2, degradedRounds: 0 },
      uplinkBytesPerNodeRound: expect.any(Number) as number,
      downlinkBytesPerNodeRound: expect.any(Number) as number,
      seconds: expect.any(Number) as number,
      nodes: reference.summary.nodes,
    });
  });

  it('goes on with nothing but what it was begun with', async () => {
    const args = ['demo', '--runtime', runtime, '--out', 'out', ...flagsOfPlan({ rounds: 1 })];
    expect((await runCli(scene, args)).code).toBe(0);
    for (const [flags, message] of [
      [['--seed', '12'], /out was begun with --seed 11: give the same/],
      [['--nodes', '3'], /out was begun with --nodes 4: give the same/],
      [['--classes', 'N,S'], /out was begun with other --data: give the same/],
      [['--personal-layers', 'head', '--codec', 'exact'], /begun with nodes that do not score/],
    ] as const) {
      const { code, stderr } = await runCli(scene, [...args, ...flags]);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    }
  });

  it('says that its rounds are over, and so does an aggregator with its store', async () => {
    const args = ['demo', '--json', '--runtime', runtime, '--out', 'out'];
    const first = await runCli(scene, [...args, ...flagsOfPlan({ rounds: 1 })]);
    const again = await runCli(scene, [...args, ...flagsOfPlan({ rounds: 3 })]);
    expect(again.stderr).toMatch(/out had its rounds before: .*another folder with --out/);
    expect(roundsOf(again)).toEqual([]);
    const [before, after] = [first, again].map(({ stdout }) => parseRecords(stdout).at(-1)!);
    expect(after).toMatchObject({ rounds: 1, modelHash: before['modelHash'], nodes: [] });
    const own = ['--store', 'out/store', '--federation', 'demo', '--broker', '0', '--rounds', '3'];
    const { code, stderr } = await runCli(scene, ['aggregator', ...own]);
    expect(stderr).toMatch(/version 1 is the final one of out\/store: .*another store/);
    expect(code).toBe(0);
  });

  it('ends on Ctrl-C with 130, leaves nobody behind and goes on where it was', async () => {
    const plan = { rounds: 12, samplesPerRound: 40 };
    const args = ['demo', '--json', '--runtime', runtime, '--out', 'out', ...flagsOfPlan(plan)];
    const first = startCli(scene, args);
    await first.waitForOutput('"type":"round"');
    const children = descendantsOf(first.pid);
    expect(children.length).toBeGreaterThanOrEqual(process.platform === 'linux' ? 4 : 0);
    const interrupted = await first.kill('SIGINT');
    expect(interrupted.code).toBe(130);
    await waitFor('the nodes to end', () => !children.some(isAlive), patienceMs);
    const before = parseRecords(interrupted.stdout).length;
    expect(before).toBeLessThan(plan.rounds);
    const second = await runCli(scene, args);
    expect(second.code).toBe(0);
    const rounds = [interrupted, second].flatMap(roundsOf);
    const reference = await runSmallFederation(scene, { ...plan, runtime });
    const hashes = reference.rounds.map(({ modelHash }) => modelHash);
    // A version that closed at the moment of the interruption may be reported by neither run.
    expect(hashes).toEqual(expect.arrayContaining(rounds));
    expect(rounds.at(-1)).toBe(hashes.at(-1));
  });
});

describe('linnet node', () => {
  const runtimes = ['v8', ...(hasNative ? ['native'] : [])];
  const signals = [
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const;
  const cases = runtimes.flatMap((name) => signals.map((end) => [name, ...end] as const));

  it.each(cases)('%s ends on %s with %i', async (name, signal, code) => {
    const broker = await startBroker();
    scene.defer(() => broker.close());
    const args = ['node', '--json', '--runtime', name, '--name', 'a'];
    const joined = startCli(scene, [...args, '--mqtt', broker.url]);
    await joined.waitForOutput('"type":"hello"');
    expect((await joined.kill(signal)).code).toBe(code);
    const device = startCli(scene, [...args, '--listen', `unix://${scene.path('socket')}`]);
    await waitFor('the socket', () => existsSync(scene.path('socket')), patienceMs);
    expect((await device.kill(signal)).code).toBe(code);
  });
});

describe('a broker that is away for a moment', () => {
  it.each([
    ['node', ['--runtime', 'v8', '--name', 'a'], 'a: v8'],
    ['aggregator', [], 'federation linnet'],
  ])(
    'is a line of linnet %s when it is lost and one when it is back',
    async (name, flags, ready) => {
      const first = await startBroker();
      const child = startCli(scene, [name, ...flags, '--mqtt', first.url]);
      await child.waitForOutput(ready);
      await first.close();
      await child.waitForOutput('the broker is lost');
      const second = await startBroker({ port: first.port });
      scene.defer(() => second.close());
      await child.waitForOutput('the broker is back');
      const { stderr } = await child.kill('SIGTERM');
      expect(stderr.match(/the broker is (lost|back)/g)).toHaveLength(2);
    },
  );
});

function roundsOf({ stdout }: Ended): unknown[] {
  const records = parseRecords(stdout);
  return records.filter(({ type }) => type === 'round').map(({ modelHash }) => modelHash);
}

describe('linnet train', () => {
  it('leaves no file when it is interrupted, and what was there as it was', async () => {
    for (const before of [undefined, 'an older model']) {
      if (before !== undefined) writeFileSync(scene.path('out.lns'), before);
      const child = startCli(scene, ['train', '--json', '--epochs', '200', '--out', 'out.lns']);
      await child.waitForOutput('"type":"epoch"');
      expect((await child.kill('SIGINT')).code).toBe(130);
      const left = existsSync(scene.path('out.lns'));
      expect(left && readFileSync(scene.path('out.lns'), 'utf8')).toBe(before ?? false);
    }
  });

  it('says so when a device lacks the intrinsics of the only kernel', async () => {
    const main = packagePath('dist/cli/main.js');
    const port = `exec:"${process.execPath}" "${main}" node --stdio --runtime v8`;
    const flags = ['--port', port, '--kernel', 'accelerated', '--samples', '10'];
    const { code, stderr } = await runCli(scene, ['train', ...flags]);
    expect(stderr).toMatch(
      /refused ANNOUNCE: the kernel imports native functions that.*deliver the portable kernel/,
    );
    expect(stderr).toContain('[ERR_INTRINSICS]');
    expect(code).toBe(1);
  });

  it.runIf(hasNative)('ends when the device gives up', async () => {
    const deep = { dense: 1000, activation: 'relu' };
    writeFileSync(
      scene.path('huge.yaml'),
      JSON.stringify({
        input: { width: 130, exponent: -6 },
        layers: [deep, { dense: 3 }],
        loss: 'softmax-cross-entropy',
      }),
    );
    const flags = [
      '--port',
      `exec:"${nativeNodePath()}" --name a --memory 20000`,
      '--model',
      'huge.yaml',
    ];
    const { code, stderr } = await runCli(scene, ['train', ...flags]);
    expect(stderr).toMatch(/the device gave up: .*linear memory.*\[ERR_MEMORY\]/);
    expect(code).toBe(2);
  });

  it('goes on from a snapshot, with a layer that stays as it is', async () => {
    const first = ['train', '--samples', '20', '--epochs', '1', '--out', 'first.lns'];
    expect((await runCli(scene, first)).code).toBe(0);
    const flags = [
      '--from',
      'first.lns',
      '--freeze',
      '0',
      '--samples',
      '40',
      '--out',
      'second.lns',
    ];
    expect((await runCli(scene, ['train', ...flags])).code).toBe(0);
    const [before, after] = ['first.lns', 'second.lns'].map((name) =>
      unpackSnapshot(new Uint8Array(readFileSync(scene.path(name)))),
    );
    const { model } = prepareTask({ subjects: 8 });
    const border = model.layers[1].weightOffset;
    expect(after.subarray(0, border)).toEqual(before.subarray(0, border));
    expect(after.subarray(border)).not.toEqual(before.subarray(border));
  });

  it('gives the same model on every runtime', async () => {
    const runtimes = ['v8', ...(hasWasm3 ? ['wasm3'] : []), ...(hasQemu ? ['qemu'] : [])];
    const hashes = new Map<string, unknown>();
    for (const name of runtimes) {
      const flags = ['--samples', '20', '--epochs', '1', '--out', `${name}.lns`];
      const ended = await runCli(scene, ['train', '--json', '--runtime', name, ...flags]);
      expect(ended).toMatchObject({ code: 0 });
      hashes.set(name, parseRecords(ended.stdout).at(-1)!['modelHash']);
    }
    expect([...hashes.values()]).toEqual(runtimes.map(() => hashes.get('v8')));
    expect(hashes.get('v8')).toMatch(/^[0-9a-f]{64}$/);
  });
});
