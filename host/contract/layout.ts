import type { Field, FieldType } from './schema.js';

const fixedBytes: Partial<Record<FieldType, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  hash: 32,
};

/** Bytes of a field of fixed size, or undefined for string8 and bytes. */
export function fieldBytes(type: FieldType): number | undefined {
  return fixedBytes[type];
}

/** Byte offset of every field of a record of fixed size, and its total. */
export function fieldOffsets(fields: readonly Field[]): { offsets: number[]; bytes: number } {
  const offsets: number[] = [];
  let bytes = 0;
  for (const field of fields) {
    const size = fieldBytes(field.type);
    if (size === undefined) throw new Error(`${field.name} has no fixed size`);
    if (bytes % Math.min(size, 4) !== 0) throw new Error(`${field.name} is not aligned`);
    offsets.push(bytes);
    bytes += size;
  }
  if (bytes % 4 !== 0) throw new Error('a record must be a multiple of 4 bytes');
  return { offsets, bytes };
}
