import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../host/frame/crc32.js';
import { encodeFrame, FrameDecoder } from '../../host/frame/frame.js';
import { hostileBytes } from '../contract/hostile.js';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const concat = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const message = fc.uint8Array({ minLength: 1, maxLength: 600 });

/** Encodes `message` wrongly on purpose: the checksum of something else. */
function spoilCrc(bytes: Uint8Array): Uint8Array {
  const frame = encodeFrame(bytes);
  const other = encodeFrame(bytes.map((byte) => byte ^ 1));
  return concat(frame.subarray(0, frame.length - 5), other.subarray(other.length - 5));
}

describe('CRC-32', () => {
  it('has the check value of the standard', () => {
    expect(crc32(ascii('123456789'))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array())).toBe(0);
  });
});

describe('frames', () => {
  it('look as the paper says', () => {
    // Message 11 00 has the CRC-32 120031ef (zlib agrees), so the data are 11 00 ef 31 00 12.
    expect(crc32(Uint8Array.of(0x11, 0))).toBe(0x120031ef);
    expect(encodeFrame(Uint8Array.of(0x11, 0))).toEqual(
      Uint8Array.of(2, 0x11, 3, 0xef, 0x31, 2, 0x12, 0),
    );
  });

  it('hold no 00 but the last byte', () => {
    fc.assert(
      fc.property(message, (bytes) => {
        const frame = encodeFrame(bytes);
        expect(frame.indexOf(0)).toBe(frame.length - 1);
      }),
    );
  });

  it('come back whole, cut anywhere', () => {
    fc.assert(
      fc.property(message, fc.array(fc.nat({ max: 700 }), { maxLength: 6 }), (bytes, cuts) => {
        const stream = concat(encodeFrame(bytes), encodeFrame(Uint8Array.of(7)));
        const decoder = new FrameDecoder(600);
        const edges = [
          0,
          ...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b),
          stream.length,
        ];
        const out = edges
          .slice(1)
          .flatMap((end, i) => decoder.push(stream.subarray(edges[i], end)));
        expect(out).toEqual([bytes, Uint8Array.of(7)]);
        expect(decoder.badFrames).toBe(0);
      }),
    );
  });

  it('come back split at every byte', () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 7);
    const frame = encodeFrame(bytes);
    const decoder = new FrameDecoder();
    const out = [...frame].flatMap((byte) => decoder.push(Uint8Array.of(byte)));
    expect(out).toEqual([bytes]);
  });

  it('fit blocks of 253, 254 and 255 bytes without a zero', () => {
    for (const length of [245, 249, 250, 251, 252, 253, 254, 255, 256, 508, 509]) {
      const bytes = new Uint8Array(length).fill(1);
      expect(new FrameDecoder(600).push(encodeFrame(bytes))).toEqual([bytes]);
    }
  });
});

describe('the decoder', () => {
  it('finds the good frame behind garbage, and counts the garbage once', () => {
    const decoder = new FrameDecoder();
    const good = encodeFrame(ascii('good'));
    expect(decoder.push(concat(Uint8Array.of(1, 2, 3, 4, 0), good))).toEqual([ascii('good')]);
    expect(decoder.badFrames).toBe(1);
  });

  it('drops a bad checksum, an oversized and a truncated frame, and keeps the next', () => {
    const good = encodeFrame(ascii('good'));
    const cut = encodeFrame(ascii('a longer message')).subarray(0, 9);
    for (const bad of [
      spoilCrc(ascii('bad!')),
      encodeFrame(new Uint8Array(513).fill(5)),
      concat(cut, Uint8Array.of(0)),
    ]) {
      const decoder = new FrameDecoder();
      expect(decoder.push(concat(bad, good, good))).toEqual([ascii('good'), ascii('good')]);
      expect(decoder.badFrames).toBe(1);
    }
  });

  it('takes a message of exactly the maximum', () => {
    const bytes = new Uint8Array(512).fill(5);
    expect(new FrameDecoder(512).push(encodeFrame(bytes))).toEqual([bytes]);
  });

  it('drops a message one byte too long, however little its stuffing takes', () => {
    for (const fill of [0, 5]) {
      const decoder = new FrameDecoder(512);
      expect(decoder.push(encodeFrame(new Uint8Array(513).fill(fill)))).toEqual([]);
      expect(decoder.badFrames).toBe(1);
    }
  });

  it('drops and counts empty frames', () => {
    const decoder = new FrameDecoder();
    expect(
      decoder.push(concat(new Uint8Array(5), encodeFrame(ascii('x')), new Uint8Array(5))),
    ).toEqual([ascii('x')]);
    expect(decoder.badFrames).toBe(10);
  });

  it('survives any bytes and still finds the frame behind them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (garbage) => {
        const decoder = new FrameDecoder();
        decoder.push(concat(garbage, Uint8Array.of(0)));
        expect(decoder.push(encodeFrame(ascii('good')))).toEqual([ascii('good')]);
      }),
    );
  });

  it('gives nothing longer than the largest message, whatever comes in whatever pieces', () => {
    const stream = hostileBytes(fc.uint8Array({ minLength: 1, maxLength: 60 }).map(encodeFrame));
    fc.assert(
      fc.property(fc.array(stream, { maxLength: 8 }), fc.nat(50), (pieces, largest) => {
        const decoder = new FrameDecoder(largest);
        for (const message of pieces.flatMap((piece) => decoder.push(piece))) {
          expect(message.length).toBeLessThanOrEqual(largest);
          expect(message.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('never passes a frame with one flipped bit', () => {
    const frame = encodeFrame(ascii('twenty bytes of text'));
    for (let bit = 0; bit < 8 * (frame.length - 1); bit++) {
      const spoilt = frame.slice();
      spoilt[bit >> 3] ^= 1 << (bit & 7);
      expect(new FrameDecoder().push(spoilt)).toEqual([]);
    }
  });
});
