import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mqttOptionsFor, mqttSettings } from '../../host/cli/mqtt-settings.js';
import { resolveSettings } from '../../host/cli/settings.js';
import { nodeKeysOf } from '../../host/cli/trust-settings.js';
import { recordsOf, runFleet } from './run-command.js';

const timeOf = (iso: unknown): string => `${(iso as string).slice(0, 16).replace('T', ' ')} UTC`;

/** Lines of the private keys in a fleet's folder, node keys included. */
function secretLines(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(\.key|key\.pem|round\.pem)$/.test(file))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
    .filter((line) => line.length >= 40 && !line.startsWith('--'));
}

describe('linnet fleet', () => {
  let root: string;
  let folder: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'linnet-fleet-cli-'));
    folder = join(root, 'fleet');
    const place = ['--base', 'some/where', '--broker-folder', '/etc/mosquitto/linnet'];
    const hosts = ['--host', 'broker.example', '192.0.2.7', '--broker-port', '8884'];
    const { error } = await runFleet('fleet', 'init', '--fleet', folder, ...hosts, ...place);
    expect(error).toBeUndefined();
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const run = (...args: string[]): ReturnType<typeof runFleet> => {
    const [command, ...rest] = args;
    return runFleet('--json', 'fleet', command, ...rest, '--fleet', folder);
  };

  it('init writes a configuration for where it will lie', () => {
    const text = readFileSync(join(folder, 'broker/mosquitto.conf'), 'utf8');
    expect(text).toContain('\nlistener 8884\n');
    for (const line of ['certfile', 'keyfile', 'cafile', 'crlfile', 'acl_file']) {
      expect(text).toMatch(new RegExp(`^${line} /etc/mosquitto/linnet/[a-z.]+$`, 'm'));
    }
    expect(readFileSync(join(folder, 'broker/acl'), 'utf8')).toContain('write some/where/linnet/');
  });

  it('add, revoke and list say the same in both ways', async () => {
    const added = recordsOf(await run('add', 'node-0', 'node-1', '--days', '10'));
    expect(added).toMatchObject([
      { type: 'certificate', name: 'node-0', state: 'active' },
      { type: 'certificate', name: 'node-1', state: 'active' },
    ]);
    const [revoked] = recordsOf(await run('revoke', 'node-1'));
    expect(revoked).toMatchObject({ ...added[1], state: 'revoked' });
    const listed = recordsOf(await run('list'));
    const certificates = listed.slice(0, 4);
    expect(certificates.slice(2)).toEqual([added[0], revoked]);
    expect(certificates.slice(0, 2)).toMatchObject([{ name: '@broker' }, { name: '@aggregator' }]);
    const [root, round] = listed.slice(4);
    expect(root).toMatchObject({ type: 'root', here: true });
    expect(round).toMatchObject({ type: 'delegation', serial: 1 });
    const { stdout } = await runFleet('fleet', 'list', '--fleet', folder);
    const [head, , ...rows] = stdout.trim().split('\n');
    expect(head).toMatch(/^name +serial +valid until +state$/);
    expect(rows.slice(4)).toEqual([
      `root key ${(root['key'] as string).slice(0, 16)}: here, take it offline`,
      `round key ${(round['key'] as string).slice(0, 16)}: delegation 1, ${timeOf(round['at'])}`,
    ]);
    const cells = rows.slice(0, 4).map((row) => row.split(/ {2,}/));
    expect(cells).toEqual(
      certificates.map(({ name, serial, notAfter, state }) => [
        ...[name, serial, timeOf(notAfter), state],
      ]),
    );
  });

  it('delegate makes the next round key, with the root key on another medium or a new one', async () => {
    const file = join(folder, 'aggregator/round.pem');
    const before = readFileSync(file, 'utf8');
    const medium = join(root, 'medium');
    renameSync(join(folder, 'root'), medium);
    const missing = await run('delegate');
    expect(missing.error?.message).toMatch(/root key is not at .*--root-key.*--new-root/);
    expect(readFileSync(file, 'utf8')).toBe(before);
    const key = join(medium, 'root.key');
    const [second] = recordsOf(await run('delegate', '--root-key', key));
    expect(second).toMatchObject({ type: 'delegation', serial: 2 });
    expect(recordsOf(await run('list')).slice(4)).toMatchObject([{ here: false }, {}, second]);
    const [third] = recordsOf(await run('delegate', '--new-root'));
    expect(third).toMatchObject({ serial: 3 });
    const lost = await run('delegate', '--root-key', key);
    expect(lost.error).toMatchObject({ code: 'ERR_AUTH', exitCode: 5 });
  });

  it('reads its settings from linnet.yaml, whichever the command', async () => {
    const config = join(root, 'linnet.yaml');
    writeFileSync(config, `fleet: { fleet: ${folder}, host: [a], caDays: 20, days: 10 }\n`);
    const { error } = await runFleet('--config', config, 'fleet', 'list');
    expect(error).toBeUndefined();
    const other = join(root, 'other');
    await runFleet('--config', config, 'fleet', 'init', '--fleet', other);
    expect(JSON.parse(readFileSync(join(other, 'fleet.json'), 'utf8'))).toMatchObject({
      hosts: ['a'],
    });
    const late = await runFleet(
      '--config',
      config,
      'fleet',
      'renew',
      '@broker',
      '--days',
      '21',
      '--fleet',
      other,
    );
    expect(late.error?.message).toMatch(/21 days are more than the (19|20)/);
  });

  it('prints no key that is secret, with --json or without', async () => {
    const commands = [
      ['add', 'secret'],
      ['renew', 'secret'],
      ['delegate'],
      ['list'],
      ['revoke', 'secret'],
    ];
    const printed: string[] = [];
    const secrets = new Set<string>();
    for (const [command, ...rest] of commands) {
      const words = ['fleet', command, ...rest, '--fleet', folder];
      const options = command === 'list' ? [[], ['--json']] : [['--json']];
      for (const flags of options) {
        const { stdout, stderr, error } = await runFleet(...flags, ...words);
        printed.push(stdout, stderr, error?.message ?? '');
      }
      for (const line of secretLines(folder)) secrets.add(line);
    }
    expect(secrets.size).toBeGreaterThan(6);
    for (const secret of secrets) expect(printed.join('\n')).not.toContain(secret);
  });

  it('has one line for every mistake', async () => {
    for (const [args, message] of [
      [['init'], /is not empty: choose another folder with --fleet/],
      [['add', 'node-0'], /node-0 has a certificate until .*renew node-0/],
      [['add', 'a/b'], /"a\/b" is not a name/],
      [['revoke', 'nobody'], /there is no nobody .*linnet fleet list/],
    ] as const) {
      const { error, stdout } = await run(...args);
      expect(error?.message).toMatch(message);
      expect({ exit: error?.exitCode, stdout }).toEqual({ exit: 2, stdout: '' });
    }
  });

  describe('--credentials', () => {
    const settingsOf = (flags: Record<string, unknown>) =>
      resolveSettings('bridge', mqttSettings, { mqtt: 'mqtts://localhost', ...flags });

    it('gives the aggregator its files, and nobody else’s', () => {
      const own = settingsOf({ credentials: join(folder, 'aggregator') });
      const { cafile, cert, key } = mqttOptionsFor('@aggregator', own);
      for (const path of [cafile, cert, key]) expect(existsSync(path!)).toBe(true);
      const foreign = settingsOf({ credentials: join(folder, 'nodes/node-0') });
      expect(() => mqttOptionsFor('@aggregator', foreign)).toThrow(
        /is of node-0, not of @aggregator/,
      );
    });

    it('finds the keys of nodes beside them, unless it is told others or none', async () => {
      await run('add', 'keyed');
      const credentials = join(folder, 'aggregator');
      expect(nodeKeysOf({ credentials }, 'linnet')!.find('keyed')).toHaveLength(32);
      const alone = join(root, 'alone', 'aggregator');
      cpSync(credentials, alone, { recursive: true });
      expect(() => nodeKeysOf({ credentials: alone }, 'linnet')).toThrow(/no keys of nodes in/);
      const keys = join(folder, 'keys');
      expect(nodeKeysOf({ credentials: alone, keys }, 'linnet')!.nodes()).toContain('keyed');
      expect(nodeKeysOf({ credentials, withoutKeys: true }, 'linnet')).toBeUndefined();
      expect(nodeKeysOf({}, 'linnet')).toBeUndefined();
      expect(() => nodeKeysOf({ keys, withoutKeys: true }, 'linnet')).toThrow(/contradict/);
      expect(() => nodeKeysOf({ keys: 'nowhere' }, 'linnet')).toThrow(/nowhere cannot be read/);
    });

    it.each([
      [{ cert: 'x' }, /leave out --cafile, --cert and --key/],
      [{ cafile: 'x' }, /leave out --cafile, --cert and --key/],
      [{ mqtt: 'mqtt://localhost' }, /broker with TLS: give --mqtt mqtts/],
    ])('does not go with %j', (flags, message) => {
      const settings = settingsOf({ credentials: join(folder, 'aggregator'), ...flags });
      expect(() => mqttOptionsFor('@aggregator', settings)).toThrow(message);
    });
  });
});
