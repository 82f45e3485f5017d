import { encode, rfc8949EncodeOptions } from 'cborg';
import { describe, expect, it } from 'vitest';
import {
  nodeState,
  status,
  task,
  version,
  type StatusName,
} from '../../host/contract/contract.gen.js';
import type { Announcement } from '../../host/contract/contract.gen.js';
import { encodeWire } from '../../host/contract/wire.js';
import type { OpenCable } from './cable.js';
import * as fixture from './fixture.js';

const decoded = (announcement: Announcement): Map<number, unknown> => {
  const { plan } = announcement;
  const planKeys: [number, unknown][] = [
    [1, plan.task],
    [2, plan.seed],
    [3, plan.lrShift],
    [4, plan.lrDecay],
    [5, plan.epochs],
    [6, plan.samples],
    [7, plan.skipThreshold],
    [9, plan.codec],
    [10, plan.weightUnit],
  ];
  return new Map<number, unknown>([
    [1, announcement.format],
    [2, announcement.federation],
    [3, announcement.version],
    [5, announcement.artefactHash],
    [6, announcement.artefactBytes],
    [7, announcement.descriptorHash],
    [8, announcement.descriptorBytes],
    [9, announcement.numerics],
    [
      10,
      announcement.kernels.map(
        (k) =>
          new Map<number, unknown>([
            [1, k.hash],
            [2, k.bytes],
            [3, k.intrinsicSet],
          ]),
      ),
    ],
    [11, new Map(planKeys)],
    [13, announcement.epoch],
  ]);
};

/** The fixture's announcement with entries of the map changed; undefined removes one. */
function changed(entries: Record<number, unknown>, plan: Record<number, unknown> = {}): Uint8Array {
  const map = decoded(fixture.announcementOf(0));
  const apply = (target: Map<number, unknown>, changes: Record<number, unknown>): void => {
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined) target.delete(Number(key));
      else target.set(Number(key), value);
    }
  };
  apply(map, entries);
  const planMap = map.get(11);
  if (planMap instanceof Map) apply(planMap as Map<number, unknown>, plan);
  return encode(map, rfc8949EncodeOptions);
}

const foreignKernel = (intrinsicSet: number): unknown =>
  new Map<number, unknown>([
    [1, new Uint8Array(32).fill(7)],
    [2, 100],
    [3, intrinsicSet],
  ]);

const refusals: readonly (readonly [string, StatusName, Uint8Array])[] = [
  ['nothing', 'ERR_CBOR', new Uint8Array()],
  ['no CBOR', 'ERR_CBOR', Uint8Array.of(0xff, 0x00)],
  ['a list', 'ERR_CBOR', encode([1, 2])],
  ['an announcement cut short', 'ERR_CBOR', changed({}).slice(0, -1)],
  ['a byte too many', 'ERR_CBOR', Uint8Array.of(...changed({}), 0)],
  ['a missing version', 'ERR_CBOR', changed({ 3: undefined })],
  ['a missing epoch of the federation', 'ERR_CBOR', changed({ 13: undefined })],
  ['a missing plan', 'ERR_CBOR', changed({ 11: undefined })],
  ['a missing epoch count', 'ERR_CBOR', changed({}, { 5: undefined })],
  ['a short hash', 'ERR_CBOR', changed({ 5: new Uint8Array(31) })],
  ['no kernel', 'ERR_CBOR', changed({ 10: [] })],
  ['a text for a number', 'ERR_CBOR', changed({ 3: 'one' })],
  ['another format', 'ERR_VERSION', changed({ 1: 1 })],
  ['another format of another shape', 'ERR_VERSION', encode(new Map([[1, 9]]))],
  ['an unknown plan key', 'ERR_UNSUPPORTED', changed({}, { 60: 1 })],
  ['an unknown task', 'ERR_UNSUPPORTED', changed({}, { 1: 5 })],
  ['an unknown codec', 'ERR_UNSUPPORTED', changed({}, { 9: 25 })],
  ['training without a codec', 'ERR_UNSUPPORTED', changed({}, { 9: 255 })],
  ['other numerics', 'ERR_UNSUPPORTED', changed({ 9: version.NUMERICS - 1 })],
  ['a kernel with other intrinsics', 'ERR_INTRINSICS', changed({ 10: [foreignKernel(2)] })],
  ['a name that is none', 'ERR_RANGE', changed({ 2: 'a/b' })],
  ['no name', 'ERR_RANGE', changed({ 2: '' })],
  ['an epoch beyond u32', 'ERR_RANGE', changed({ 13: 2 ** 32 })],
  ['a version beyond u32', 'ERR_RANGE', changed({ 3: 2 ** 32 })],
  ['a descriptor beyond 4 KiB', 'ERR_RANGE', changed({ 8: 4097 })],
  ['a seed beyond u32', 'ERR_RANGE', changed({}, { 2: 2 ** 32 })],
  ['lrShift 25', 'ERR_RANGE', changed({}, { 3: 25 })],
  ['an unknown decay', 'ERR_RANGE', changed({}, { 4: 2 })],
  ['no epoch', 'ERR_RANGE', changed({}, { 5: 0 })],
  ['256 epochs', 'ERR_RANGE', changed({}, { 5: 256 })],
  ['too many samples', 'ERR_RANGE', changed({}, { 6: 2 ** 30 + 1 })],
  ['a threshold beyond Q15', 'ERR_RANGE', changed({}, { 7: 32768 })],
  ['weight unit 0', 'ERR_RANGE', changed({}, { 10: 0 })],
  ['layers beyond u32', 'ERR_RANGE', changed({}, { 12: 2 ** 32 })],
  ['a pull of 2^-16', 'ERR_RANGE', changed({}, { 13: 16 })],
  ['more than 448 bytes', 'ERR_FULL', changed({ 99: new Uint8Array(300) })],
];

/** SPEC 7.2: which announcements a node follows, and what happens to the work in hand. */
export function describeAnnouncements(open: OpenCable): void {
  describe('announcements', () => {
    it('are refused with the status of the specification', async () => {
      const cable = open();
      await cable.untilState('IDLE');
      for (const [what, name, announcement] of refusals) {
        const answer = await cable.host.announceBytes(announcement);
        expect([what, answer]).toEqual([what, status[name]]);
        const { body } = await cable.host.request('STATUS', {});
        expect(body).toMatchObject({ state: nodeState.IDLE, lastError: status[name] });
      }
    });

    it('may hold keys that are not known yet', async () => {
      const cable = open();
      const bytes = changed({ 40: new Map([['x', [1, null]]]) });
      expect(await cable.host.announceBytes(bytes)).toBe(0);
      await cable.host.until('the upload', () => cable.host.uploads.length === 1);
      expect(cable.host.uploads[0]).toEqual(cable.expected(fixture.announcementOf(0)));
    });

    it('may offer kernels of which some cannot run here', async () => {
      const cable = open();
      const { kernels } = fixture.announcementOf(0);
      const announcement = fixture.announcementOf(
        0,
        {},
        { kernels: [{ hash: new Uint8Array(32), bytes: 9, intrinsicSet: 3 }, ...kernels] },
      );
      expect(await cable.runRound(announcement)).toEqual(cable.expected(announcement));
    });

    it('do not start over the work they already ask for', async () => {
      const cable = open();
      const { host } = cable;
      const announcement = fixture.announcementOf(0, { epochs: 255, task: task.TRAIN });
      await host.announce(announcement);
      await cable.untilState('TRAIN');
      const asked = host.count('OBJECT');
      let step = (await host.request('STATUS', {})).body!.step;
      for (const deadlineMs of [undefined, 9000, 5]) {
        const plan =
          deadlineMs === undefined ? announcement.plan : { ...announcement.plan, deadlineMs };
        expect(await host.announce({ ...announcement, plan, final: true })).toBe(0);
        const now = (await host.request('STATUS', {})).body!;
        expect(now.step).toBeGreaterThanOrEqual(step);
        step = now.step;
      }
      await host.until('the upload', () => host.uploads.length === 1);
      expect(host.uploads[0]).toEqual(cable.expected(announcement));
      expect(host.count('OBJECT')).toBe(asked);
    });

    it('of another version abandon the training of the older one', async () => {
      const cable = open();
      const { host } = cable;
      host.serve(fixture.snapshotOf(1));
      await host.announce(fixture.announcementOf(0, { epochs: 255 }));
      await cable.untilState('TRAIN');
      const next = fixture.announcementOf(1);
      expect(await cable.runRound(next)).toEqual(cable.expected(next));
      expect(host.uploads).toHaveLength(1);
    });

    it('wait where the older version still counts, and no longer', async () => {
      const cable = open();
      const { host } = cable;
      host.serve(fixture.snapshotOf(2));
      const first = fixture.announcementOf(0, { epochs: 50, maxStaleness: 1 });
      await host.announce(first);
      await cable.untilState('TRAIN');
      expect(await host.announce(fixture.announcementOf(1))).toBe(status.ERR_LATER);
      await host.until('the upload', () => host.uploads.length === 1);
      expect(host.uploads[0]).toEqual(cable.expected(first));
      expect(await host.announce(fixture.announcementOf(1))).toBe(status.ERR_LATER);
      const next = fixture.announcementOf(2);
      expect(await cable.runRound(next)).toEqual(cable.expected(next));
    });

    it('of another plan for the same version start over', async () => {
      const cable = open();
      await cable.host.announce(fixture.announcementOf(0, { epochs: 255 }));
      await cable.untilState('TRAIN');
      const next = fixture.announcementOf(0, { seed: 5 });
      expect(await cable.runRound(next)).toEqual(cable.expected(next));
    });

    it('abandon a fetch and an upload too', async () => {
      const cable = open();
      const { host } = cable;
      host.serve(fixture.snapshotOf(1), fixture.snapshotOf(2));
      host.intercept = ({ name }) =>
        name === 'OBJECT' && host.count('OBJECT') > 3 ? 'lose' : undefined;
      await host.announce(fixture.announcementOf(0));
      await host.until('the fetch', () => host.count('OBJECT') > 3);
      host.intercept = ({ name }) => (name === 'UPLOAD' ? 'lose' : undefined);
      await host.announce(fixture.announcementOf(1));
      await host.until('the upload', () => host.count('UPLOAD') > 0);
      host.intercept = () => undefined;
      const last = fixture.announcementOf(2);
      expect(await cable.runRound(last)).toEqual(cable.expected(last));
      expect(host.uploads).toHaveLength(1);
    });

    it('that cannot be followed leave the work in hand alone', async () => {
      const cable = open();
      const announcement = fixture.announcementOf(0, { epochs: 255 });
      await cable.host.announce(announcement);
      await cable.untilState('TRAIN');
      const unknown = changed({ 3: 1 }, { 60: 1 });
      expect(await cable.host.announceBytes(unknown)).toBe(status.ERR_UNSUPPORTED);
      await cable.host.until('the upload', () => cable.host.uploads.length === 1);
      expect(cable.host.uploads[0]).toEqual(cable.expected(announcement));
    });

    it.each<[string, Uint8Array, StatusName]>([
      [
        'no class weight per class',
        encodeWire('Announcement', fixture.announcementOf(0, { classWeights: new Uint8Array(2) })),
        'ERR_RANGE',
      ],
      ['an object nobody can hold', changed({ 6: 0xffff_ffff }), 'ERR_FULL'],
      ['an empty snapshot', changed({ 6: 0 }), 'ERR_HASH'],
    ])('that turn out impossible fail: %s', async (_, announcement, name) => {
      const cable = open();
      expect(await cable.host.announceBytes(announcement)).toBe(0);
      await cable.untilState('FAILED');
      const { body } = await cable.host.request('STATUS', {});
      expect(body!.lastError).toBe(status[name]);
      await cable.host.until('a LOG', () => cable.host.logs.length === 1);
      expect(cable.host.logs[0]).toContain('version 0 failed');
      const sound = fixture.announcementOf(0);
      expect(await cable.runRound(sound)).toEqual(cable.expected(sound));
    });
  });
}
