import { describe, expect, it } from 'vitest';
import {
  constant,
  helloFlag,
  messageId,
  nodeState,
  resetReason,
  status,
  version,
} from '../../host/contract/contract.gen.js';
import type { HelloRequest, HelloResponse } from '../../host/contract/contract.gen.js';
import { packResponse, unpackRequest, unpackResponse } from '../../host/contract/pack.js';
import * as fixture from './fixture.js';
import { shortTiming, type Implementation } from './implementations.js';
import type { OpenCable } from './cable.js';
import type { ScriptedHost } from './scripted-host.js';

function hellos(host: ScriptedHost): HelloRequest[] {
  return host.arrivals
    .filter((arrival) => arrival.name === 'HELLO')
    .map((arrival) => unpackRequest('HELLO', arrival.body));
}

const bareOk = (body: Uint8Array): number => unpackResponse('RESET', body).status;

/** SPEC 6 and 7.1: introductions, and requests of the host. */
export function describeIntroduction(implementation: Implementation, open: OpenCable): void {
  const isShort = implementation.timing === shortTiming;
  const { timing, runtime } = implementation;

  describe('introduction', () => {
    it('says what it is', async () => {
      const { host } = open();
      await host.until('HELLO', () => host.count('HELLO') > 0);
      const [hello] = hellos(host);
      expect(hello).toMatchObject({
        protocol: version.PROTOCOL,
        kernelAbi: version.KERNEL_ABI,
        intrinsicSet: implementation.intrinsicSet,
        descriptorFormat: version.DESCRIPTOR_FORMAT,
        numerics: 0,
        bootEpoch: 1,
        resetReason: resetReason.POWER,
        flags: helloFlag.NO_KERNEL,
        maxPayload: constant.FRAME_MAX_PAYLOAD,
        kernelHash: new Uint8Array(constant.HASH_BYTES),
        node: 'alpha',
        runtime,
      });
      expect(hello.kernelMemoryBytes).toBeGreaterThanOrEqual(65536);
      expect(hello.engine).toMatch(/^(v8|wasm3) \d/);
    });

    it('repeats HELLO with the same sequence number until it is answered', async () => {
      const cable = open({
        prepare: (prepared) => {
          prepared.intercept = ({ name }) =>
            name === 'HELLO' && prepared.count('HELLO') < 3 ? 'lose' : undefined;
        },
      });
      const { host } = cable;
      await host.until('the third HELLO', () => host.count('HELLO') >= 3);
      const sequences = new Set(host.arrivals.slice(0, 3).map((arrival) => arrival.sequence));
      expect(sequences.size).toBe(1);
      await cable.untilState('IDLE');
    });

    it.runIf(isShort).each([
      ['refused', packResponse('HELLO', status.ERR_VERSION)],
      ['answered in another protocol', 2],
    ])('stays in HELLO and tries again when %s', async (_, refusal) => {
      const cable = open({
        prepare: (prepared) => {
          const { hello } = prepared;
          prepared.intercept = ({ name }) => {
            if (name !== 'HELLO' || prepared.count('HELLO') > 1) return undefined;
            if (typeof refusal !== 'number') return refusal;
            return packResponse('HELLO', status.OK, { ...hello, protocol: refusal });
          };
        },
      });
      const { host } = cable;
      await host.until('a refused HELLO', () => host.count('HELLO') >= 1);
      const refusedAt = performance.now();
      await cable.untilStatus('ERR_VERSION', ({ lastError }) => lastError === status.ERR_VERSION);
      expect(await host.state()).toBe(nodeState.HELLO);
      const before = host.count('HELLO');
      await host.until('another HELLO', () => host.count('HELLO') > before);
      expect(performance.now() - refusedAt).toBeGreaterThan(timing.refusedMs / 2);
      await cable.untilState('IDLE');
    });

    it('says that it pulls its samples', async () => {
      const { host } = open({ dataset: false });
      await host.until('HELLO', () => host.count('HELLO') > 0);
      expect(hellos(host)[0].flags & helloFlag.PULL_SAMPLES).toBe(helloFlag.PULL_SAMPLES);
    });

    it('reports kernel, numerics and boot epoch after a power cycle', async () => {
      const cable = open();
      await cable.runRound(fixture.announcementOf(0));
      const before = cable.host.count('HELLO');
      await cable.powerCycle();
      await cable.host.until('HELLO', () => cable.host.count('HELLO') > before);
      expect(hellos(cable.host).at(-1)).toMatchObject({
        bootEpoch: implementation.countsBoots ? 2 : 1,
        flags: 0,
        numerics: version.NUMERICS,
        kernelHash: fixture.kernelHash,
      });
    });

    it('says which version is installed, after a power cycle too', async () => {
      const cable = open({ prepare: (host) => host.serve(fixture.snapshotOf(1)) });
      await cable.runRound(fixture.announcementOf(1));
      const before = cable.host.count('HELLO');
      await cable.powerCycle();
      await cable.host.until('HELLO', () => cable.host.count('HELLO') > before);
      expect((await cable.host.request('STATUS', {})).body!.version).toBe(1);
    });

    it('keeps a name it is given', async () => {
      const cable = open({
        node: '',
        prepare: (host) => {
          host.hello = { ...host.hello, node: 'given' };
        },
      });
      const announcement = fixture.announcementOf(0);
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement, 'given'));
      cable.host.hello = { ...cable.host.hello, node: 'other' };
      const before = cable.host.count('HELLO');
      await cable.powerCycle();
      await cable.host.until('HELLO', () => cable.host.count('HELLO') > before);
      expect(hellos(cable.host).at(-1)!.node).toBe('given');
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement, 'given'));
    });

    it.each<[string, Partial<HelloResponse>, number]>([
      ['a name that is none', { node: 'a b' }, status.ERR_RANGE],
      ['messages too short to work with', { maxPayload: 127 }, status.ERR_MESSAGE],
    ])('does not accept %s', async (_, greeting, code) => {
      const cable = open({
        prepare: (host) => {
          host.hello = { ...host.hello, ...greeting };
        },
      });
      await cable.untilStatus('a refusal', ({ lastError }) => lastError === code);
      expect(await cable.host.state()).toBe(nodeState.HELLO);
    });

    it('does not work without a name', async () => {
      const cable = open({ node: '' });
      expect(await cable.host.announce(fixture.announcementOf(0))).toBe(status.OK);
      await cable.untilState('FAILED');
      const { body } = await cable.host.request('STATUS', {});
      expect(body!.lastError).toBe(status.ERR_STATE);
    });

    it.runIf(isShort)('introduces itself again when the host was silent', async () => {
      const cable = open();
      const { host } = cable;
      await cable.untilState('IDLE');
      const before = host.count('HELLO');
      const silentFrom = performance.now();
      await host.until('another HELLO', () => host.count('HELLO') > before);
      expect(performance.now() - silentFrom).toBeGreaterThan(timing.silenceMs * 0.8);
    });

    it.runIf(isShort)('goes back to HELLO when requests stay unanswered', async () => {
      const { host } = open({
        prepare: (prepared) => {
          prepared.intercept = ({ name }) =>
            name === 'OBJECT' && prepared.distinct('HELLO').length < 2 ? 'lose' : undefined;
        },
      });
      await host.announce(fixture.announcementOf(0));
      await host.until('the upload', () => host.uploads.length === 1);
      const [first] = host.distinct('OBJECT');
      const sendings = host.arrivals.filter(({ sequence }) => sequence === first.sequence);
      expect(sendings).toHaveLength(timing.requestTries);
      expect(host.distinct('HELLO').length).toBeGreaterThan(1);
    });
  });

  describe('requests of the host', () => {
    it('answers PING and STATUS', async () => {
      const { host } = open();
      const ping = await host.request('PING', { token: 0xdecade });
      expect(ping).toEqual({ status: status.OK, body: { token: 0xdecade } });
      const { body } = await host.request('STATUS', {});
      expect(body).toMatchObject({ lastError: 0, version: 0, step: 0, totalSteps: 0 });
    });

    it.each([
      ['an unknown id', 200, []],
      ['a request that only devices send', messageId.OFFER, []],
      ['a PING without token', messageId.PING, [1, 2]],
      ['a STATUS with a body', messageId.STATUS, [0]],
      ['a RESET with a body', messageId.RESET, [0]],
    ])('answers %s with ERR_MESSAGE', async (_, id, body) => {
      const { host } = open();
      expect(bareOk(await host.requestRaw(id, Uint8Array.from(body)))).toBe(status.ERR_MESSAGE);
      expect((await host.request('PING', { token: 1 })).status).toBe(status.OK);
    });

    it('does not answer events', async () => {
      const { host } = open();
      await host.until('HELLO', () => host.count('HELLO') > 0);
      let answered = false;
      host.onAnswer(77, () => (answered = true));
      host.sendMessage(messageId.LOG, 0, 77, Uint8Array.of(0, 65));
      await host.request('PING', { token: 1 });
      expect(answered).toBe(false);
    });

    it('starts over on RESET, after the answer', async () => {
      const cable = open();
      const { host } = cable;
      const announcement = fixture.announcementOf(0, { epochs: 255 });
      await host.announce(announcement);
      await cable.untilState('TRAIN');
      const before = host.count('HELLO');
      expect((await host.request('RESET', {})).status).toBe(status.OK);
      await host.until('another HELLO', () => host.count('HELLO') > before);
      expect(hellos(host).at(-1)).toMatchObject({ bootEpoch: 2, resetReason: resetReason.REQUEST });
      await cable.untilState('IDLE');
      const again = fixture.announcementOf(0);
      expect(await cable.runRound(again)).toEqual(cable.expected(again));
    });

    it('ends with its link', async () => {
      const cable = open();
      await cable.host.announce(fixture.announcementOf(0, { epochs: 255 }));
      await cable.untilState('TRAIN');
      expect(await cable.unplug()).toBe(0);
    });
  });
}
