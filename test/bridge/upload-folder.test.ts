import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Outbox } from '../../host/bridge/outbox.js';
import { UploadFolder, type UploadKey } from '../../host/bridge/upload-folder.js';
import { idOf, sha256, toHex } from '../../host/contract/hash.js';
import { hostileBytes } from '../contract/hostile.js';
import { noSmallDisk, SmallDisk } from '../federated/small-disk.js';

let state: string;
let damage: string[];

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'linnet-outbox-'));
  damage = [];
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const open = (folder = state): UploadFolder =>
  UploadFolder.open(folder, (text) => damage.push(text));

const bytesOf = (version: number): Uint8Array =>
  Uint8Array.from({ length: 100 + version }, (_, i) => i * version);

function keyOf(version: number, node = '..', federation = 'f-1'): UploadKey {
  const id = toHex(idOf(sha256(bytesOf(version))));
  return { federation, node, model: '0123456789abcdef', version, contribution: 0, id };
}

const files = (): string[] => readdirSync(join(state, 'outbox')).sort();

describe('a folder of uploads', () => {
  it('has after a restart what was written and not removed, oldest versions first', () => {
    const uploads = open();
    for (const version of [10, 9, 100]) uploads.write(keyOf(version), bytesOf(version));
    uploads.write(keyOf(3, 'n', 'other'), bytesOf(3));
    const again = open();
    const kept = again.list('f-1');
    expect(kept).toEqual([9, 10, 100].map((v) => ({ key: keyOf(v), size: 100 + v })));
    for (const { key } of kept) expect(again.read(key)).toEqual(bytesOf(key.version));
    again.remove(keyOf(9));
    again.remove(keyOf(9));
    expect(open().list('f-1')).toHaveLength(2);
    expect(open().list('other')).toHaveLength(1);
    expect(damage).toEqual([]);
  });

  it('forgets what a crash left half written', () => {
    open().write(keyOf(1), bytesOf(1));
    writeFileSync(join(state, 'outbox', 'x.upload.part'), 'half');
    expect(open().list('f-1')).toHaveLength(1);
    expect(files()).toHaveLength(1);
  });

  it.each([
    ['truncated', (path: string) => truncateSync(path, 50)],
    ['empty', (path: string) => truncateSync(path, 0)],
    [
      'flipped',
      (path: string) => {
        const bytes = readFileSync(path);
        bytes[7] ^= 1;
        writeFileSync(path, bytes);
      },
    ],
  ])('sets aside a file that is %s, and goes on with the others', (_, spoil) => {
    const uploads = open();
    uploads.write(keyOf(1), bytesOf(1));
    uploads.write(keyOf(2), bytesOf(2));
    spoil(
      join(
        state,
        'outbox',
        files().find((name) => name.includes('~1~'))!,
      ),
    );
    const sent: number[] = [];
    const publish = ({ version }: UploadKey): Promise<void> => {
      sent.push(version);
      return Promise.resolve();
    };
    const outbox = new Outbox('f-1', '..', { publish, republishMs: 1e6, folder: open() });
    outbox.resend();
    expect(sent).toEqual([2]);
    expect(damage).toHaveLength(1);
    outbox.settle(idOf(sha256(bytesOf(2))));
    expect(outbox.isEmpty).toBe(true);
    expect(open().list('f-1')).toEqual([]);
  });

  it('sets aside files with names it does not give', () => {
    open();
    const strange = ['a.upload', '~~~~~.upload', 'f-1~n~0123456789abcdef~01~0~00.upload'];
    for (const name of strange) writeFileSync(join(state, 'outbox', name), 'x');
    expect(open().list('f-1')).toEqual([]);
    expect(damage).toHaveLength(3);
    expect(files()).toEqual(strange.map((name) => `${name}.damaged`).sort());
  });

  it('gives back what was written or nothing, whatever its files are', () => {
    const uploads = open();
    const key = keyOf(1);
    uploads.write(key, bytesOf(1));
    const [name] = files();
    const path = join(state, 'outbox', name);
    const strange = fc
      .stringMatching(/^[\w~.-]{1,80}$/)
      .map((text) => `${text.replace(/^\.+$/, 'x')}.upload`);
    fc.assert(
      fc.property(hostileBytes(fc.constant(bytesOf(1))), strange, (bytes, other) => {
        for (const each of files()) rmSync(join(state, 'outbox', each));
        writeFileSync(join(state, 'outbox', other), bytes);
        expect(uploads.list('f-1').length).toBeLessThanOrEqual(1);
        writeFileSync(path, bytes);
        const read = uploads.read(key);
        expect(read === undefined || Buffer.compare(read, bytesOf(1)) === 0).toBe(true);
      }),
    );
  });

  it('is refused where it cannot be made', () => {
    writeFileSync(join(state, 'file'), '');
    expect(() => open(join(state, 'file'))).toThrow(
      expect.objectContaining({ code: 'ERR_STORE' }) as Error,
    );
  });
});

describe.skipIf(noSmallDisk !== undefined)(`a disk (${noSmallDisk ?? 'tmpfs'})`, () => {
  it('that is full takes nothing, loses nothing, and takes again with room', () => {
    const disk = new SmallDisk(2 ** 20);
    try {
      const folder = open(disk.folder);
      const outbox = new Outbox('f-1', '..', {
        publish: () => Promise.resolve(),
        republishMs: 1e6,
        folder,
      });
      outbox.put(keyOf(1), bytesOf(1));
      disk.fill(0);
      expect(() => outbox.put(keyOf(2), bytesOf(2))).toThrow(
        expect.objectContaining({
          code: 'ERR_LATER',
          message: expect.stringMatching(/ENOSPC.*check the disk/) as string,
        }) as Error,
      );
      expect(
        open(disk.folder)
          .list('f-1')
          .map(({ key }) => key.version),
      ).toEqual([1]);
      disk.makeRoom();
      outbox.put(keyOf(2), bytesOf(2));
      const kept = open(disk.folder);
      expect(kept.list('f-1').map(({ key }) => kept.read(key))).toEqual([1, 2].map(bytesOf));
      outbox.close();
    } finally {
      disk.close();
    }
  });

  it('that is read-only is an error at the start', () => {
    const disk = new SmallDisk(2 ** 20);
    try {
      open(disk.folder).write(keyOf(1), bytesOf(1));
      expect(() => open(join(disk.readOnly(), '..'))).toThrow(
        expect.objectContaining({
          code: 'ERR_STORE',
          message: expect.stringMatching(/read-only.*permissions/) as string,
        }) as Error,
      );
      expect(existsSync(join(disk.folder, 'outbox'))).toBe(true);
    } finally {
      disk.close();
    }
  });
});
