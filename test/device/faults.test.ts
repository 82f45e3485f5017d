import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../host/contract/hash.js';
import { Device } from '../../host/device/device.js';
import { Peer, type PeerTiming } from '../../host/frame/peer.js';
import { createLinkPair, type Fault, type LinkPair } from '../../host/link/pair.js';
import { helloOf } from './raw-end.js';

/** What a bad cable does to a chunk; `dice` is in 0…1 for each decision. */
function spoil(chunk: Uint8Array, kind: number, dice: () => number): Uint8Array[] {
  const at = Math.floor(dice() * chunk.length);
  switch (kind) {
    case 0:
      return [];
    case 1: {
      const flipped = chunk.slice();
      flipped[at] ^= 1 << Math.floor(dice() * 8);
      return [flipped];
    }
    case 2:
      return [chunk.subarray(0, at), chunk.subarray(at)];
    case 3:
      return [chunk, chunk];
    case 4:
      return [Uint8Array.of(at, 0, at), chunk];
    default:
      return [chunk.subarray(0, at)];
  }
}

function badCable(seed: number, rate: number): Fault {
  let state = seed;
  const dice = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return (chunk) => (dice() < rate ? spoil(chunk, Math.floor(dice() * 6), dice) : [chunk]);
}

const object = Uint8Array.from({ length: 1300 }, (_, i) => (i * 11) & 0xff);
const envelope = Uint8Array.from({ length: 900 }, (_, i) => (i * 5) & 0xff);
const never = new AbortController().signal;

interface Rig {
  readonly pair: LinkPair;
  readonly device: Device;
  readonly peer: Peer;
  readonly uploads: Uint8Array[];
  readonly announced: number[];
}

/** A host's Device and a device's Peer on one cable. */
function connect(timing: PeerTiming): Rig {
  const pair = createLinkPair();
  const uploads: Uint8Array[] = [];
  const announced: number[] = [];
  const device = new Device(
    pair.a,
    {
      findObject: () => object,
      onHello: () => undefined,
      onUpload: ({ bytes }) => uploads.push(bytes),
      onLog: () => undefined,
    },
    timing,
  );
  const peer = new Peer(
    (bytes) => void pair.b.write(bytes).catch(() => undefined),
    (_, body) => {
      announced.push(body.length);
      return Uint8Array.of(0, 0);
    },
    timing,
  );
  pair.b.onData((bytes) => peer.receive(bytes));
  return { pair, device, peer, uploads, announced };
}

/** What a device does in a round: introduces itself, fetches, uploads. */
async function playRound({ peer }: Rig): Promise<Uint8Array> {
  const hash = sha256(envelope);
  await peer.request('HELLO', helloOf(), never);
  const fetched: number[] = [];
  while (fetched.length < object.length) {
    const slice = { hash, offset: fetched.length, length: 400 };
    fetched.push(...(await peer.request('OBJECT', slice, never)).body!.data);
  }
  const offer = {
    model: hash.slice(0, 8),
    version: 1,
    contribution: 0,
    length: envelope.length,
    hash,
  };
  let offset = (await peer.request('OFFER', offer, never)).body!.nextOffset;
  while (offset < envelope.length) {
    const data = envelope.subarray(offset, offset + 250);
    offset = (await peer.request('UPLOAD', { offset, data }, never)).body!.nextOffset;
  }
  return Uint8Array.from(fetched);
}

describe('on a bad cable', () => {
  it('a round comes through whole, whatever is lost, bent, cut, doubled or added', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.double({ min: 0, max: 0.3, noNaN: true }),
        async (seed, rate) => {
          const rig = connect({ requestMs: 5, requestTries: 100 });
          rig.pair.setFault('a→b', badCable(seed, rate));
          rig.pair.setFault('b→a', badCable(seed ^ 0x5555, rate));
          const [fetched] = await Promise.all([
            playRound(rig),
            rig.device.announce(Uint8Array.of(1, 2, 3)),
          ]);
          expect(fetched).toEqual(object);
          expect(rig.uploads).toEqual([envelope]);
          expect(new Set(rig.announced)).toEqual(new Set([16 + 3]));
          await rig.device.close();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('a request ends with ERR_TIMEOUT when nothing comes through, and the next one is answered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom('a→b', 'b→a'), async (seed, direction) => {
        const rig = connect({ requestMs: 5, requestTries: 3 });
        const hopeless = badCable(seed, 1);
        rig.pair.setFault(direction, (chunk) => hopeless(chunk).map((part) => part.subarray(1)));
        await expect(rig.device.ping(seed)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
        rig.pair.setFault(direction, (chunk) => [chunk]);
        await rig.device.announce(new Uint8Array(9));
        await rig.device.close();
      }),
      { numRuns: 10 },
    );
  });

  it('answers that take longer than the timeout still count, once', async () => {
    const rig = connect({ requestMs: 20, requestTries: 5 });
    rig.pair.setDelay('b→a', 30);
    await rig.device.announce(new Uint8Array(2));
    await rig.device.announce(new Uint8Array(4));
    expect(rig.announced.filter((length) => length === 16 + 2).length).toBeGreaterThan(1);
    expect(rig.announced.at(-1)).toBe(16 + 4);
    await rig.device.close();
  });
});
