/** Disks that are full, read-only or rotten: a clear error and a stop, never a wrong model. */
import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LinnetError } from '../../host/contract/error.js';
import { Lineage } from '../../host/federated/lineage.js';
import { retractNode } from '../../host/federated/operator.js';
import { replayStore } from '../../host/federated/replay.js';
import { Aggregator } from '../../host/federated/server.js';
import { brokerCases } from '../mqtt/brokers.js';
import { waitFor } from '../mqtt/wait.js';
import { aggregatorOptions, cohort, expectedHashes, readRetained } from './federation.js';
import { ScriptedNode } from './scripted-node.js';
import { decodeWire } from '../../host/contract/wire.js';
import { lineageOptions, withFolder } from './fixture.js';
import { contribute, contributeAll, nodes, Oracle } from './history.js';
import { noSmallDisk, SmallDisk } from './small-disk.js';

const open = (folder: string): Promise<Lineage> =>
  Lineage.open(lineageOptions(folder, { rounds: 999 }));

function withDisk(use: (disk: SmallDisk) => Promise<void>): Promise<void> {
  const disk = new SmallDisk(4 * 2 ** 20);
  return use(disk).finally(() => disk.close());
}

/** What stopped it, after as many whole versions as there was room for. */
function workUntilError(lineage: Lineage, oracle: Oracle): LinnetError {
  try {
    for (;;) {
      for (const node of nodes.filter((name) => !lineage.findUpload(oracle.head, name, 0)))
        contribute(lineage, node);
      lineage.commit();
      nodes
        .filter((node) => !oracle.hasContributed(node))
        .forEach((node) => oracle.contribute(node));
      lineage.closeVersion(false);
      oracle.close();
    }
  } catch (error) {
    if (error instanceof LinnetError) return error;
    throw error;
  }
}

async function expectSound(folder: string, oracle: Oracle): Promise<void> {
  const lineage = await open(folder);
  expect(lineage.head.announcement.version).toBe(oracle.head);
  expect(lineage.head.words).toEqual(oracle.words(oracle.head));
  lineage.close();
  const replayed = [...replayStore(folder)];
  expect(replayed.map(({ difference }) => difference)).toEqual(replayed.map(() => undefined));
}

describe.skipIf(noSmallDisk !== undefined)(
  `a disk that is full (${noSmallDisk ?? 'tmpfs'})`,
  () => {
    it('stops the aggregator wherever it is, and with room again nothing was lost', () =>
      withDisk(async (disk) => {
        const oracle = new Oracle();
        (await open(disk.store)).close();
        const stops = new Set<string>();
        for (let pages = 1; pages <= 14; pages++) {
          const lineage = await open(disk.store);
          disk.fill(4096 * pages);
          const error = workUntilError(lineage, oracle);
          expect(error.code).toBe('ERR_STORE');
          expect(error.message).toMatch(/disk is full|ENOSPC.*check the disk/);
          stops.add(/write the ledger|objects/.exec(error.message)![0]);
          lineage.close();
          disk.makeRoom();
          await expectSound(disk.store, oracle);
        }
        expect([...stops].sort()).toEqual(['objects', 'write the ledger']);
        expect(oracle.head).toBeGreaterThan(3);
      }));

    it('is said at the start, and is no lock that stays', () =>
      withDisk(async (disk) => {
        const oracle = new Oracle();
        const lineage = await open(disk.store);
        contributeAll(lineage, nodes);
        nodes.forEach((node) => oracle.contribute(node));
        oracle.close();
        lineage.close();
        for (const pages of [0, 1, 2, 5]) {
          disk.fill(4096 * pages);
          const opened = open(disk.store).then((again) => again.close());
          const error: unknown = await opened.catch((reason: unknown) => reason);
          if (error !== undefined) {
            expect(error).toMatchObject({ code: 'ERR_STORE' });
            expect((error as Error).message).toMatch(/disk is full|ENOSPC|disk I\/O error/);
          }
          if (pages === 0) expect(error).toBeInstanceOf(LinnetError);
          disk.makeRoom();
          await expectSound(disk.store, oracle);
        }
        disk.fill(0);
        const retract = (): unknown => retractNode(disk.store, { node: 'ann', from: 0 });
        expect(retract).toThrow(expect.objectContaining({ code: 'ERR_STORE' }));
        disk.makeRoom();
        await expectSound(disk.store, oracle);
        expect(retract()).toMatchObject({ version: 2 });
      }));

    it('gets no receipt and a last will, and with room again the federation goes on', () =>
      withDisk(async (disk) => {
        const [brokerCase] = brokerCases;
        const broker = await brokerCase.start();
        const { protocolVersion } = brokerCase;
        const options = aggregatorOptions(disk.folder, broker.url, { rounds: 2 });
        const start = (name: string, isDiligent: boolean): Promise<ScriptedNode> =>
          ScriptedNode.start({
            url: broker.url,
            protocolVersion,
            name,
            isDiligent,
            parameters: 43,
          });
        const first = await Aggregator.start(options);
        const ann = await start('ann', false);
        try {
          await waitFor('the announcement', () => ann.announcement !== undefined);
          disk.fill(0);
          await ann.upload();
          await expect(first.finished).rejects.toMatchObject({ code: 'ERR_STORE' });
          await first.close();
          expect(ann.receipts).toEqual([]);
          const state = (await readRetained(broker.url, protocolVersion)).get(
            'linnet/test/srv/state',
          );
          expect(decodeWire('ServerState', state!).online).toBe(false);
          disk.makeRoom();
          const again = await Aggregator.start(options);
          const nodes = await Promise.all(cohort.map((name) => start(name, true)));
          expect((await again.finished)!.modelHash).toBe(expectedHashes(2)[2]);
          await Promise.all([again, ...nodes].map((client) => client.close()));
        } finally {
          await ann.close();
          await broker.close();
        }
      }));

    it('that is read-only is said, and can be replayed', () =>
      withDisk(async (disk) => {
        const lineage = await open(disk.store);
        contributeAll(lineage, nodes);
        lineage.close();
        const before = readFileSync(join(disk.store, 'ledger.db'));
        const readOnly = disk.readOnly();
        const refusal = {
          code: 'ERR_STORE',
          message: expect.stringMatching(/read-?only/) as string,
        };
        await expect(open(readOnly)).rejects.toMatchObject(refusal);
        await expect(open(join(readOnly, 'new'))).rejects.toMatchObject({ code: 'ERR_STORE' });
        expect(() => retractNode(readOnly, { node: 'ann', from: 0 })).toThrow(
          expect.objectContaining(refusal),
        );
        expect([...replayStore(readOnly)].map(({ isEqual }) => isEqual)).toEqual([true, true]);
        expect(readFileSync(join(disk.store, 'ledger.db')).equals(before)).toBe(true);
      }));
  },
);

describe('a file that may not grow', () => {
  const script = `
    import { Lineage } from ${JSON.stringify(join(import.meta.dirname, '../../host/federated/lineage.ts'))};
    import { lineageOptions } from ${JSON.stringify(join(import.meta.dirname, 'fixture.ts'))};
    import { contributeAll, nodes } from ${JSON.stringify(join(import.meta.dirname, 'history.ts'))};
    try {
      const lineage = await Lineage.open(lineageOptions(process.argv[1], { rounds: 999 }));
      for (;;) contributeAll(lineage, nodes);
    } catch (error) {
      console.log(error.code, error.message);
    }
  `;

  it('stops the aggregator with an error, and what it had made is sound', () =>
    withFolder(async (folder) => {
      const command = `ulimit -f 256; exec "${process.execPath}" --import tsx --input-type=module -e "$SCRIPT" "$1"`;
      const { stdout, stderr } = spawnSync('bash', ['-c', command, 'bash', folder], {
        encoding: 'utf8',
        env: { ...process.env, SCRIPT: script },
        cwd: join(import.meta.dirname, '../..'),
      });
      expect(stderr).toBe('');
      expect(stdout).toMatch(/^ERR_STORE write the ledger: .*check the disk/);
      const oracle = new Oracle();
      const lineage = await open(folder);
      const { version } = lineage.open;
      expect(version).toBeGreaterThan(3);
      lineage.close();
      while (oracle.head < version) {
        nodes.forEach((node) => oracle.contribute(node));
        oracle.close();
      }
      await expectSound(folder, oracle);
    }));
});

/** Seeded, so that a failure can be repeated. */
function* randomNumbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe('a page of the ledger that is not what was written', () => {
  const pageBytes = 4096;

  /** Changes one page: bytes here and there, or all of them. */
  function spoilPage(path: string, random: Generator<number, never>): void {
    const pages = statSync(path).size / pageBytes;
    const page = Math.floor(random.next().value * pages);
    const whole = random.next().value < 0.3;
    const file = openSync(path, 'r+');
    for (let i = 0; i < (whole ? pageBytes : 3); i++) {
      const at = whole ? i : Math.floor(random.next().value * pageBytes);
      const byte = Uint8Array.of(Math.floor(random.next().value * 256));
      writeSync(file, byte, 0, 1, page * pageBytes + at);
    }
    closeSync(file);
  }

  it('is found where it matters, or nothing of it is in the next model', () =>
    withFolder(async (folder) => {
      const oracle = new Oracle();
      const whole = join(folder, 'whole');
      const lineage = await open(whole);
      for (let round = 0; round < 4; round++) {
        contributeAll(lineage, nodes);
        nodes.forEach((node) => oracle.contribute(node));
        oracle.close();
      }
      for (const node of ['ann', 'ben']) {
        contribute(lineage, node);
        oracle.contribute(node);
      }
      lineage.commit();
      lineage.close();
      for (const node of ['cleo', 'dan']) oracle.contribute(node);
      oracle.close();
      const outcomes = { refused: 0, right: 0, seenByReplay: 0 };
      const random = randomNumbers(20260102);
      for (let i = 0; i < 15; i++) {
        const copy = join(folder, `copy-${i}`);
        cpSync(whole, copy, { recursive: true });
        spoilPage(join(copy, 'ledger.db'), random);
        try {
          const again = await open(copy);
          try {
            for (const node of ['cleo', 'dan']) contribute(again, node);
            again.commit();
            again.closeVersion(false);
            expect(again.head.announcement.version).toBe(oracle.head);
            expect(again.head.words).toEqual(oracle.words(oracle.head));
            expect(again.head.announcement.plan).toEqual(lineage.head.announcement.plan);
          } finally {
            again.close();
          }
          outcomes.right++;
          if (![...replayStore(copy)].every(({ isEqual }) => isEqual)) outcomes.seenByReplay++;
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_STORE' });
          outcomes.refused++;
        }
      }
      expect(outcomes.refused).toBeGreaterThan(3);
      expect(outcomes.right).toBeGreaterThan(3);
      expect(outcomes.seenByReplay).toBeGreaterThan(0);
    }));
});
