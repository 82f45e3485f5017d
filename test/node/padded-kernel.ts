/** The real kernel with other bytes: a custom section of its own. */
export function padded(bytes: Uint8Array, length: number, fill = 0): Uint8Array {
  const rest = length - bytes.length;
  if (rest < 16) throw new Error(`${length} bytes are too few for a section`);
  // Section 0, its length in four bytes, a name of one letter.
  const size = rest - 5;
  const leb = [0, 7, 14, 21].map((shift, i) => ((size >> shift) & 127) | (i < 3 ? 128 : 0));
  const padding = new Uint8Array(rest - 7).fill(fill);
  return Uint8Array.of(...bytes, 0, ...leb, 1, 0x70, ...padding);
}
