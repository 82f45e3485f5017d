import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receipt } from '../../host/contract/contract.gen.js';
import { idOf, sha256 } from '../../host/contract/hash.js';
import { packRequest } from '../../host/contract/pack.js';
import { encodeWire } from '../../host/contract/wire.js';
import type { Cable, CableMessage } from '../e2e/cable.js';
import { Scene } from '../e2e/scene.js';
import { hasNative } from '../e2e/toolchains.js';
import { NodeLog } from './node-log.js';
import { soak } from './soak.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.end());

describe('the log of a node', () => {
  const envelope = Uint8Array.of(1, 2, 3);
  const key = { version: 4, openVersion: 4, node: 'ann', contribution: 0 };
  const row = { ...key, hash: sha256(envelope), envelope };
  const other = { ...row, hash: sha256(Uint8Array.of(9)) };

  /** A node that offered its upload and was told a code. */
  function logOf(code: number): NodeLog {
    const cable = { onMessage: (_: CableMessage): void => undefined };
    const log = new NodeLog('ann', cable as Cable);
    const model = new Uint8Array(8);
    const offer = { model, version: 4, contribution: 0, length: 3, hash: row.hash };
    const body = packRequest('OFFER', offer);
    cable.onMessage({ name: 'OFFER', from: 'device', isResponse: false, body });
    const receipt = { code, version: 4, contribution: 0, upload: idOf(row.hash), current: 4 };
    const told = packRequest('RECEIPT', { receipt: encodeWire('Receipt', receipt) });
    cable.onMessage({ name: 'RECEIPT', from: 'host', isResponse: false, body: told });
    return log;
  }

  it('agrees with the ledger that has what was promised, once', () => {
    expect(logOf(receipt.ACCEPTED).disagreements([row])).toEqual([]);
    expect(logOf(receipt.STALE).disagreements([])).toEqual([]);
  });

  it.each([
    ['lost', receipt.ACCEPTED, [], /receipt for .* not in the ledger/],
    ['counted twice', receipt.DUPLICATE, [row, row], /1 uploads of ann count twice/],
    ['another', receipt.ACCEPTED, [other], /not in the ledger.*never offered/s],
    ['a conflict', receipt.CONFLICT, [row], /ann got receipt 2 for version 4/],
  ])('shows what was %s', (_, code, rows, problem) => {
    expect(logOf(code).disagreements(rows).join('\n')).toMatch(problem);
  });
});

describe.skipIf(!hasNative)('a short soak', () => {
  it('loses nothing and counts nothing twice, whoever is killed', async () => {
    const report = await soak(scene, {
      rounds: 8,
      seed: 3,
      pauseRounds: 1,
      strikes: 5,
      log: () => undefined,
    });
    expect(report.kills).toMatchObject({ aggregator: 2, bridge: 1, broker: 1, node: 1 });
    expect(report.promises).toBeGreaterThanOrEqual(32);
  });
});
