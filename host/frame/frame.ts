/**
 * Frames on a byte stream (SPEC, section 6): COBS(message ‖ CRC-32) ‖ 00. Pure and bounded.
 *
 * Source: Cheshire & Baker 1999, Consistent Overhead Byte Stuffing. No encoded byte is 00, so a
 * receiver that lost its place finds the next frame behind the next 00.
 */
import { constant } from '../contract/contract.gen.js';
import { crc32 } from './crc32.js';

const crcBytes = 4;
/** A block of this code has 254 bytes and no zero behind it. */
const fullBlock = 0xff;

function appendCrc(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(message.length + crcBytes);
  out.set(message);
  new DataView(out.buffer).setUint32(message.length, crc32(message), true);
  return out;
}

/** The bytes of one message on the stream, the final 00 included. */
export function encodeFrame(message: Uint8Array): Uint8Array {
  const data = appendCrc(message);
  const out = new Uint8Array(data.length + Math.ceil((data.length + 1) / 254) + 1);
  let code = 0;
  let end = 1;
  for (const byte of data) {
    if (byte !== 0) out[end++] = byte;
    if (byte === 0 || end - code === fullBlock) {
      out[code] = end - code;
      code = end++;
    }
  }
  out[code] = end - code;
  return out.slice(0, end + 1);
}

/** Undoes the stuffing of one frame without its 00, or undefined if a block runs past the end. */
function unstuff(frame: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(frame.length);
  let length = 0;
  for (let at = 0; at < frame.length;) {
    const code = frame[at];
    const end = at + code;
    if (end > frame.length) return undefined;
    out.set(frame.subarray(at + 1, end), length);
    length += code - 1;
    if (code !== fullBlock && end < frame.length) length++;
    at = end;
  }
  return out.subarray(0, length);
}

/** The message inside, or undefined if its length or its checksum is wrong. */
function checkMessage(data: Uint8Array, maxMessageBytes: number): Uint8Array | undefined {
  const length = data.length - crcBytes;
  if (length < 1 || length > maxMessageBytes) return undefined;
  const message = data.slice(0, length);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return view.getUint32(length, true) === crc32(message) ? message : undefined;
}

/** Turns a stream, cut anywhere, into messages. Bad frames are dropped and counted. */
export class FrameDecoder {
  private readonly buffer: Uint8Array;
  private filled = 0;
  private overrun = false;
  /** Frames dropped for their length (an empty one too), stuffing or checksum. */
  badFrames = 0;

  constructor(private readonly maxMessageBytes: number = constant.FRAME_MAX_PAYLOAD) {
    const data = maxMessageBytes + crcBytes;
    this.buffer = new Uint8Array(data + Math.ceil((data + 1) / 254));
  }

  /** The messages that `bytes` complete, in order; each is a copy. */
  push(bytes: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    for (const byte of bytes) {
      if (byte !== 0) this.collect(byte);
      else {
        const message = this.finish();
        if (message) messages.push(message);
      }
    }
    return messages;
  }

  private collect(byte: number): void {
    if (this.filled < this.buffer.length) this.buffer[this.filled++] = byte;
    else this.overrun = true;
  }

  private finish(): Uint8Array | undefined {
    const frame = this.buffer.subarray(0, this.filled);
    const data = this.overrun ? undefined : unstuff(frame);
    const message = data && checkMessage(data, this.maxMessageBytes);
    if (!message) this.badFrames++;
    this.filled = 0;
    this.overrun = false;
    return message;
  }
}
