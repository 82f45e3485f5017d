/** What only the native node has: a command line, a flash file, sockets and signals. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeState, resetReason, split, status } from '../../host/contract/contract.gen.js';
import { sha256 } from '../../host/contract/hash.js';
import { unpackRequest } from '../../host/contract/pack.js';
import { decodeWire } from '../../host/contract/wire.js';
import { samplesOfSplit, selectSamples, type Dataset } from '../../host/data/dataset.js';
import { encodeFds1, writeFds1 } from '../../host/data/fds1.js';
import { packagePath } from '../../host/kernel/load.js';
import { buildDescriptor } from '../../host/model/descriptor.js';
import { noSmallDisk, SmallDisk } from '../federated/small-disk.js';
import { allow, hanging } from './bad-kernels.js';
import { expectedEnvelope } from './expectation.js';
import * as fixture from './fixture.js';
import { whereNative } from './native.js';
import { ScriptedHost } from './scripted-host.js';

const binary = packagePath('build/linnet-node');
const run = promisify(execFile);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function end(...args: string[]): Promise<Ended> {
  try {
    const result = run(binary, args);
    result.child.stdin?.end();
    return { code: 0, ...(await result) };
  } catch (error) {
    return error as Ended;
  }
}

await whereNative(() => {
  describe('linnet-node', () => {
    let folder = '';
    const children: ChildProcess[] = [];
    const sockets: Socket[] = [];

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'linnet-port-'));
    });

    afterEach(async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      await Promise.all(children.splice(0).map((child) => stop(child, 'SIGKILL')));
      rmSync(folder, { recursive: true });
    });

    function start(...args: string[]): ChildProcess {
      const child = spawn(binary, args, { stdio: 'pipe' });
      children.push(child);
      return child;
    }

    function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
      if (child.exitCode !== null || child.signalCode !== null)
        return Promise.resolve(child.exitCode);
      return new Promise((resolve) => {
        child.once('exit', (code) => resolve(code));
        child.kill(signal);
      });
    }

    /** The address a node that listens has written to its log. */
    function addressOf(child: ChildProcess): Promise<string> {
      return new Promise((resolve, reject) => {
        let log = '';
        child.once('exit', () => reject(new Error(`the node ended: ${log}`)));
        child.stderr!.on('data', (chunk: Buffer) => {
          log += chunk.toString();
          const match = /listening on (\S+)/.exec(log);
          if (match) resolve(match[1]);
        });
      });
    }

    async function connectTo(address: string): Promise<ScriptedHost> {
      const tcp = /^tcp:\/\/(.*):(\d+)$/.exec(address);
      const socket = tcp
        ? connect(Number(tcp[2]), tcp[1])
        : connect(address.slice('unix://'.length));
      sockets.push(socket);
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      return new ScriptedHost({
        send: (bytes) => void socket.write(bytes),
        onBytes: (listener) => void socket.on('data', (chunk: Buffer) => listener(chunk)),
      });
    }

    function hostOf(child: ChildProcess): ScriptedHost {
      child.stdin!.on('error', () => undefined);
      return new ScriptedHost({
        send: (bytes) => void child.stdin!.write(bytes),
        onBytes: (listener) => void child.stdout!.on('data', (chunk: Buffer) => listener(chunk)),
      });
    }

    /** Until the node answers nothing any more: it hangs. */
    async function untilSilent(host: ScriptedHost): Promise<void> {
      for (let answered = true; answered;) {
        const pong = host.request('PING', { token: 1 }).then(
          () => true,
          () => true,
        );
        answered = await Promise.race([pong, delay(800, false)]);
      }
    }

    it('says what it is and how it is used', async () => {
      expect(await end('--version')).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/protocol 1/) as string,
      });
      const help = await end('--help');
      expect(help.code).toBe(0);
      for (const option of [
        '--name',
        '--data',
        '--flash',
        '--flash-kb',
        '--flash-sector',
        '--flash-write',
        '--cut-at',
        '--cut-seed',
        '--listen',
        '--memory',
        '--watchdog',
      ]) {
        expect(help.stdout).toContain(option);
      }
    });

    it.each([
      [['--nonsense'], 2, /nonsense/],
      [['more'], 2, /more is not an option: see --help/],
      [['--name', 'a/b'], 2, /a\/b is not a name: use up to 32/],
      [['--name', 'x'.repeat(33)], 2, /is not a name/],
      [['--memory', '0'], 2, /--memory 0 is not a number in 1 to/],
      [['--memory', '12k'], 2, /not a number/],
      [['--watchdog', '3600001'], 2, /--watchdog 3600001 is not a number in 0 to/],
      [['--memory', '-1'], 2, /not a number/],
      [['--flash-kb', '5'], 2, /not whole sectors of 4096 bytes: use a multiple of the sector/],
      [['--flash-kb', '16'], 1, /the flash cannot be used/],
      [['--flash-sector', '3000'], 2, /--flash-sector 3000 is not a power of two/],
      [['--flash-write', '128'], 2, /--flash-write 128 is not a number in 1 to 64/],
      [['--flash-kb', '1000', '--flash-sector', '65536'], 2, /not whole sectors of 65536 bytes/],
      [['--cut-at', '0'], 3, /the power went during flash operation 0/],
      [['--data', '/nonexistent'], 2, /\/nonexistent: No such file.*: give a readable FDS1 file/],
      [['--flash', '/nonexistent/flash'], 2, /No such file.*: give --flash a writable file/],
      [['--listen', 'serial'], 2, /serial is not an address: use unix/],
      [['--listen', 'tcp://localhost:1'], 2, /not a numeric address: use unix/],
      [['--listen', 'tcp://127.0.0.1:99999'], 2, /is not an address/],
      [['--listen', `unix:///${'x'.repeat(200)}`], 2, /not a socket path/],
      [['--listen', 'unix:///nonexistent/socket'], 4, /No such file/],
    ])('refuses %j with one line', async (args, code, message) => {
      const ended = await end(...args);
      expect(ended.code).toBe(code);
      expect(ended.stderr).toMatch(message);
      expect(ended.stderr.trim().split('\n')).toHaveLength(1);
      expect(ended.stdout).toBe('');
    });

    it.each<[string, (file: Uint8Array) => Uint8Array]>([
      ['another magic', (file) => Uint8Array.of(70, 68, 83, 50, ...file.subarray(4))],
      ['a cut file', (file) => file.slice(0, -1)],
      ['an empty file', () => new Uint8Array()],
      [
        'a header that promises 2^32 samples',
        (file) => file.map((byte, i) => (i >= 4 && i < 8 ? 255 : byte)),
      ],
      ['a label out of range', (file) => file.map((byte, i) => (i === 16 + 2 * 55 ? 3 : byte))],
      ['a split that is none', (file) => file.map((byte, i) => (i === 16 + 3 * 55 ? 2 : byte))],
    ])('refuses data with %s', async (_, spoil) => {
      const path = join(folder, 'data.fds');
      writeFileSync(path, spoil(encodeFds1(fixture.dataset)));
      const ended = await end('--data', path);
      expect(ended).toMatchObject({ code: 2, stdout: '' });
      expect(ended.stderr).toContain('data.fds');
      expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    });

    it('makes a flash of the wanted size, and keeps to it', async () => {
      const flash = join(folder, 'flash');
      expect((await end('--flash', flash, '--flash-kb', '256')).code).toBe(0);
      expect(statSync(flash).size).toBe(256 * 1024);
      expect((await end('--flash', flash)).code).toBe(0);
      const other = await end('--flash', flash, '--flash-kb', '512');
      expect(other).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/has 256 KiB, not the 512/) as string,
      });
      truncateSync(flash, 1000);
      expect(await end('--flash', flash)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/whole 4096-byte sectors/) as string,
      });
    });

    it.skipIf(noSmallDisk)(
      'says that its disk has no room for a flash, and leaves none',
      async () => {
        const disk = new SmallDisk(2 ** 17);
        try {
          const flash = join(disk.folder, 'flash');
          expect(await end('--flash', flash)).toMatchObject({
            code: 1,
            stderr: expect.stringMatching(/flash: No space left on device: make room/) as string,
          });
          expect(existsSync(flash)).toBe(false);
          expect((await end('--flash', flash, '--flash-kb', '64')).code).toBe(0);
        } finally {
          disk.close();
        }
      },
    );

    it('starts empty from a flash of anything', async () => {
      const flash = join(folder, 'flash');
      writeFileSync(
        flash,
        new Uint8Array(1 << 20).map((_, i) => (i * 7 + (i >> 9)) & 0xff),
      );
      const host = hostOf(start('--name', 'a', '--flash', flash));
      host.serve(fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0));
      await host.announce(fixture.announcementOf(0, { task: 0 }));
      await host.until('the fetch', () => host.count('OBJECT') > 10);
    });

    it('does not share its flash', async () => {
      const flash = join(folder, 'flash');
      const host = hostOf(start('--flash', flash));
      await host.until('HELLO', () => host.count('HELLO') > 0);
      expect(await end('--flash', flash)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/used by another node/) as string,
      });
    });

    it('refuses a model that its memory cannot hold', async () => {
      const shard = join(folder, 'shard.fds');
      writeFds1(shard, fixture.dataset);
      const host = hostOf(start('--name', 'a', '--data', shard, '--memory', '1'));
      const tooLarge = buildDescriptor({
        input: { width: 3000, exponent: -6 },
        layers: [
          { op: 'dense', outputs: 200, activation: 'relu' },
          { op: 'dense', outputs: 2 },
        ],
        loss: 'softmax-cross-entropy',
      });
      host.serve(fixture.kernelBytes, tooLarge, fixture.snapshotOf(0));
      await host.announce(
        fixture.announcementOf(
          0,
          {},
          { descriptorHash: sha256(tooLarge), descriptorBytes: tooLarge.length },
        ),
      );
      await host.until('a LOG', () => host.logs.length === 1);
      const { body } = await host.request('STATUS', {});
      expect(body).toMatchObject({ state: nodeState.FAILED, lastError: status.ERR_MEMORY });
    });

    it.each([
      ['SIGTERM', 0],
      ['SIGINT', 130],
    ] as const)('ends on %s, also while it trains', async (signal, code) => {
      const shard = join(folder, 'shard.fds');
      writeFds1(shard, fixture.dataset);
      const child = start('--name', 'a', '--data', shard);
      const host = hostOf(child);
      host.serve(fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0));
      await host.announce(fixture.announcementOf(0, { epochs: 255, task: 1 }));
      let isTraining = false;
      while (!isTraining) isTraining = (await host.state()) === nodeState.TRAIN;
      expect(await stop(child, signal)).toBe(code);
    });

    it.each(['unix', 'tcp'])('serves one host after the other on a %s socket', async (kind) => {
      const shard = join(folder, 'shard.fds');
      const path = join(folder, 'socket');
      writeFds1(shard, fixture.dataset);
      const where = kind === 'unix' ? `unix://${path}` : 'tcp://127.0.0.1:0';
      const child = start('--name', 'a', '--data', shard, '--listen', where);
      const address = await addressOf(child);
      const first = await connectTo(address);
      first.serve(fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0));
      await first.announce(fixture.announcementOf(0));
      await first.until('the upload', () => first.uploads.length === 1);
      sockets[0].destroy();
      const second = await connectTo(address);
      await second.until('HELLO', () => second.count('HELLO') === 1, 3000);
      await second.until('the same upload', () => second.uploads.length === 1, 3000);
      expect(second.uploads[0]).toEqual(first.uploads[0]);
      expect(await stop(child, 'SIGTERM')).toBe(0);
      expect(existsSync(path)).toBe(false);
    });

    it('takes over the socket of a node that was killed, but not of one that lives', async () => {
      const path = join(folder, 'socket');
      const first = start('--listen', `unix://${path}`);
      await addressOf(first);
      expect(await end('--listen', `unix://${path}`)).toMatchObject({
        code: 4,
        stderr: expect.stringMatching(/in use/) as string,
      });
      await stop(first, 'SIGKILL');
      expect(existsSync(path)).toBe(true);
      const second = await connectTo(await addressOf(start('--listen', `unix://${path}`)));
      expect((await second.request('PING', { token: 9 })).body).toEqual({ token: 9 });
    });

    it.each(['SIGSEGV', 'SIGBUS'] as const)(
      'tells of the %s that ended it, once',
      async (signal) => {
        const args = ['--name', 'a', '--flash', join(folder, 'flash')];
        const child = start(...args);
        const before = hostOf(child);
        await before.until('a HELLO', () => before.count('HELLO') > 0);
        while ((await before.state()) !== nodeState.IDLE) await delay(10);
        await stop(child, signal);
        const host = hostOf(start(...args));
        await host.until('the fault', () => host.count('FAULT') > 0);
        expect(unpackRequest('HELLO', host.arrivals[0].body).resetReason).toBe(resetReason.FAULT);
        const [{ body }] = host.distinct('FAULT');
        expect(unpackRequest('FAULT', body)).toMatchObject({
          reason: resetReason.FAULT,
          state: nodeState.IDLE,
          cause: constants.signals[signal],
        });
        await stop(children.at(-1)!, 'SIGTERM');
        const last = hostOf(start(...args));
        await last.until('a HELLO', () => last.count('HELLO') > 0);
        await last.state();
        expect(last.count('FAULT')).toBe(0);
        expect(unpackRequest('HELLO', last.arrivals[0].body).resetReason).toBe(resetReason.POWER);
      },
    );

    it('tells where the watchdog found it', async () => {
      const bad = hanging('train');
      const host = hostOf(start('--name', 'a', '--watchdog', '200'));
      host.serve(bad, fixture.descriptor, fixture.snapshotOf(0));
      await host.announce(fixture.announcementOf(0, {}, { kernels: [allow(bad)] }));
      await host.until('the record', () => host.count('FAULT') > 0);
      expect(unpackRequest('FAULT', host.distinct('FAULT')[0].body)).toMatchObject({
        reason: resetReason.WATCHDOG,
        state: nodeState.FETCH,
        cause: constants.signals.SIGVTALRM,
      });
    });

    it('has had enough of a kernel that never came to the end of its trial', async () => {
      const args = ['--name', 'a', '--flash', join(folder, 'flash'), '--watchdog', '0'];
      const bad = hanging('train');
      const offer = fixture.announcementOf(0, {}, { kernels: [allow(bad)] });
      for (let time = 1; time <= 3; time++) {
        const child = start(...args);
        const host = hostOf(child);
        host.serve(bad, fixture.descriptor, fixture.snapshotOf(0));
        expect([time, await host.announce(offer)]).toEqual([time, 0]);
        await untilSilent(host);
        await stop(child, 'SIGKILL');
      }
      const host = hostOf(start(...args));
      expect(await host.announce(offer)).toBe(status.ERR_TRIAL);
      await host.until('a LOG', () => host.logs.length === 1);
      expect(host.logs[0]).toContain('failed its trial: it did not end before power did');
    });

    it.each([
      ['the count of the start', 0, ['--flash-sector', '2048', '--flash-write', '4']],
      ['the erase for a kernel', 1, ['--flash-sector', '16384', '--flash-write', '1']],
      ['the middle of a kernel', 150, []],
      ['its header', 293, []],
      ['the snapshot', 310, ['--flash-sector', '65536', '--flash-write', '64']],
      ['the upload', 350, []],
    ])('loses its power during %s, and nothing else', async (_, cut, geometry) => {
      const shard = join(folder, 'shard.fds');
      writeFds1(shard, fixture.dataset);
      const flash = ['--flash', join(folder, 'flash'), '--flash-kb', '1024', ...geometry];
      const args = ['--name', 'a', '--data', shard, ...flash];
      const child = start(...args, '--cut-at', String(cut), '--cut-seed', '5');
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const first = hostOf(child);
      const serve = (host: ScriptedHost): void =>
        host.serve(fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0));
      serve(first);
      if (cut > 0) void first.announce(fixture.announcementOf(0)).catch(() => undefined);
      expect(await ended).toBe(3);
      expect(first.uploads).toEqual([]);
      const second = hostOf(start(...args));
      serve(second);
      await second.announce(fixture.announcementOf(0));
      await second.until('the upload', () => second.uploads.length === 1);
      expect(second.uploads[0]).toEqual(
        expectedEnvelope({
          announcement: fixture.announcementOf(0),
          node: 'a',
          descriptor: fixture.descriptor,
          words: fixture.wordsOf(0),
          dataset: fixture.dataset,
          kernelHash: fixture.kernelHash,
        }),
      );
    });

    it('offers the same upload again when its samples are others by then', async () => {
      const shard = join(folder, 'shard.fds');
      const args = ['--name', 'a', '--data', shard, '--flash', join(folder, 'flash')];
      const announcement = fixture.announcementOf(0);
      const uploadOf = async (name: string, samples: Dataset): Promise<Uint8Array> => {
        writeFds1(shard, samples);
        const child = start(...args, '--name', name);
        const host = hostOf(child);
        host.serve(fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0));
        await host.announce(announcement);
        await host.until('the upload', () => host.uploads.length === 1);
        await stop(child, 'SIGKILL');
        return host.uploads[0];
      };
      const fewer = selectSamples(
        fixture.dataset,
        samplesOfSplit(fixture.dataset, split.TRAIN).slice(0, 9),
      );
      const upload = await uploadOf('a', fixture.dataset);
      expect(await uploadOf('a', fewer)).toEqual(upload);
      // A node of another name has made no offer yet.
      expect(decodeWire('Envelope', await uploadOf('b', fewer)).samples).toBe(9);
    });

    it('keeps its objects in the flash file', async () => {
      const flash = join(folder, 'flash');
      const child = start('--name', 'a', '--flash', flash);
      const host = hostOf(child);
      host.serve(fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0));
      await host.announce(fixture.announcementOf(0, { task: 0 }));
      let installed = false;
      while (!installed)
        installed = (await host.state()) === nodeState.IDLE && host.count('OBJECT') > 15;
      await stop(child, 'SIGTERM');
      expect(readFileSync(flash).includes(Buffer.from(fixture.kernelBytes))).toBe(true);
    });
  });
});
