import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../host/frame/frame.js';
import { askLines, compileProgram, hasCompiler, hexWord } from './native.js';

/** Bytes in which zeros are common enough to end blocks, and rare enough to fill some. */
const messages = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 512 }), fc.constantFrom(0, 1, 255))
  .map(([bytes, floor]) => bytes.map((byte) => Math.max(byte % 7 ? byte : 0, floor)));

const runs = { numRuns: 300, seed: 1 };

describe.skipIf(!hasCompiler)('frames between C and TypeScript', () => {
  let program: string;
  beforeAll(() => {
    program = compileProgram('frame_lines', ['frame', 'crc32', 'bytes']);
  });

  it('the host understands the device', () => {
    const sent = fc.sample(messages, runs);
    const frames = askLines(
      program,
      sent.map((message) => `encode ${hexWord(message)}`),
    );
    const decoder = new FrameDecoder();
    const received = frames.flatMap((frame) => decoder.push(Buffer.from(frame, 'hex')));
    expect(received.map(hexWord)).toEqual(sent.map(hexWord));
    expect(decoder.badFrames).toBe(0);
  });

  it('the device understands the host, however the stream is cut', () => {
    const streams = fc.sample(fc.array(messages, { minLength: 1, maxLength: 6 }), runs);
    const asked = streams.map((sent, i) => {
      const stream = Buffer.concat(sent.map(encodeFrame));
      return `decode 512 ${hexWord(stream)} ${1 + (i % 700)}`;
    });
    const expected = streams.map((sent) => [...sent.map(hexWord), '0'].join(' '));
    expect(askLines(program, asked)).toEqual(expected);
  });

  it('both find the same messages and bad frames in a damaged stream', () => {
    const damages = fc.sample(
      fc.tuple(
        fc.array(messages, { minLength: 2, maxLength: 5 }),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 4 }),
      ),
      runs,
    );
    const streams = damages.map(([sent, flips]) => {
      const stream = Buffer.concat(sent.map(encodeFrame));
      for (const [at, flip] of flips) stream[at % stream.length] ^= flip;
      return stream;
    });
    const answers = askLines(
      program,
      streams.map((stream) => `decode 512 ${hexWord(stream)} 64`),
    );
    const expected = streams.map((stream) => {
      const decoder = new FrameDecoder(512);
      const received = decoder.push(stream).map(hexWord);
      return [...received, decoder.badFrames].join(' ');
    });
    expect(answers).toEqual(expected);
  });

  it('a message longer than the device takes is dropped, and the next arrives', () => {
    const long = new Uint8Array(129).fill(7);
    const stream = Buffer.concat([encodeFrame(long), encodeFrame(long.subarray(1))]);
    const [answer] = askLines(program, [`decode 128 ${hexWord(stream)} 50`]);
    expect(answer).toBe(`${hexWord(long.subarray(1))} 1`);
  });
});
