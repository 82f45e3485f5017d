import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFleet } from '../../host/fleet/create.js';
import { Fleet } from '../../host/fleet/fleet.js';
import { NodeCredentials, readCredentials } from '../../host/mqtt/credentials.js';

const now = new Date('2030-01-01T00:00:00Z');
const after = (days: number): Date => new Date(now.getTime() + days * 86_400_000);

describe('credentials', () => {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-credentials-'));
  const nodes = join(folder, 'fleet/nodes');
  const path = (node: string, file: string): string => join(nodes, node, file);

  beforeAll(async () => {
    const fleet = join(folder, 'fleet');
    const scope = { base: 'linnet', federation: 'linnet', hosts: ['localhost'], port: 8883 };
    await createFleet(fleet, { ...scope, authorityDays: 100, days: 50 }, now);
    await new Fleet(fleet, now).add(['a', 'b', 'swapped', 'text', 'bare'], 10);
    copyFileSync(path('a', 'key.pem'), path('swapped', 'key.pem'));
    writeFileSync(path('text', 'cert.pem'), 'a letter');
    rmSync(path('bare', 'ca.pem'));
    mkdirSync(join(nodes, 'c'));
    for (const file of ['ca.pem', 'cert.pem', 'key.pem'])
      copyFileSync(path('a', file), path('c', file));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are three paths', () => {
    expect(readCredentials(join(nodes, 'a'), 'a', now)).toEqual({
      cafile: path('a', 'ca.pem'),
      cert: path('a', 'cert.pem'),
      key: path('a', 'key.pem'),
    });
  });

  it.each([
    ['a', after(10.1), 'ERR_AUTH', /certificate of a expired on .*2030.*linnet fleet renew a/],
    ['a', after(-1), 'ERR_AUTH', /valid from .*set the clock/],
    ['c', now, 'ERR_AUTH', /c.cert.pem is of a, not of c: give the credentials of c/],
    ['swapped', now, 'ERR_USAGE', /key.pem does not belong to .*cert.pem/],
    ['text', now, 'ERR_USAGE', /text: .*give PEM files/],
    ['bare', now, 'ERR_USAGE', /bare has no ca.pem in/],
    ['nobody', now, 'ERR_USAGE', /nobody has no ca.pem in .*linnet fleet/],
    ['..', now, 'ERR_USAGE', /has no ca.pem/],
  ] as const)('of %s at %s are refused with %s', (node, at, code, message) => {
    const read = (): unknown => readCredentials(join(nodes, node), node, at);
    expect(read).toThrow(expect.objectContaining({ code }));
    expect(read).toThrow(message);
  });

  it('of any node are those that can be used', async () => {
    const fleet = join(folder, 'today');
    const scope = { base: 'linnet', federation: 'linnet', hosts: ['localhost'], port: 8883 };
    await createFleet(fleet, { ...scope, authorityDays: 100, days: 50 });
    const all = new NodeCredentials(join(fleet, 'nodes'));
    expect(() => all.any()).toThrow(/nodes has no credentials: it is empty/);
    await new Fleet(fleet).add(['a', 'b'], 10);
    writeFileSync(join(fleet, 'nodes/a/cert.pem'), 'a letter');
    expect(all.any()).toEqual(all.of('b'));
    rmSync(join(fleet, 'nodes/b'), { recursive: true });
    expect(() => all.any()).toThrow(/has no credentials: .*PEM/);
  });
});
