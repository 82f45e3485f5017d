import { describe, expect, it } from 'vitest';
import { codec, version } from '../../host/contract/contract.gen.js';
import type { Counters, Envelope } from '../../host/contract/contract.gen.js';
import { encodeWire } from '../../host/contract/wire.js';

const most = 2 ** 32 - 1;

/** What the value of a key of Envelope takes. */
const bytesOf = (counters: Counters): number => encodeWire('Counters', counters).length;

/** All of an envelope but the payload and what its counters say. */
function overhead(envelope: Envelope): number {
  const { training, evaluation, payload } = envelope;
  const counters = [training, evaluation].filter((entry) => entry !== undefined);
  const contents = counters.reduce((sum, entry) => sum + bytesOf(entry), payload.length);
  return encodeWire('Envelope', envelope).length - contents;
}

const training: Counters = {
  ...{ samples: 600, loss: 500_000, skipped: 120, saturations: 0, correct: 480 },
};

const typical: Envelope = {
  format: version.WIRE_FORMAT,
  ...{ epoch: 0, version: 120, artefact: new Uint8Array(8), contribution: 0, kernel: 0 },
  ...{ samples: 300, training, codec: codec.DENSE_4, payload: new Uint8Array(600) },
  mac: new Uint8Array(16),
};

describe('an authenticated envelope', () => {
  it('takes 50 bytes beside payload and counters, and those of a training about 17', () => {
    expect(overhead(typical)).toBeLessThanOrEqual(52);
    expect(bytesOf(training)).toBeGreaterThanOrEqual(15);
    expect(bytesOf(training)).toBeLessThanOrEqual(20);
  });

  it('takes at most 64 bytes, whatever the numbers', () => {
    const largest: Envelope = {
      ...typical,
      ...{ epoch: most, version: most, samples: most, kernel: 3, codec: 255 },
      evaluation: { samples: most, loss: most, skipped: most, saturations: most, confusion: [1] },
      // A longer one would have the same head up to 4 GiB.
      payload: new Uint8Array(65_536),
    };
    expect(overhead(largest)).toBeLessThanOrEqual(64);
  });
});
