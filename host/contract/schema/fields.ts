/** Types of packed little-endian fields, in descriptor records and link messages. */
export type FieldType =
  'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'id' | 'hash' | 'mac' | 'string8' | 'bytes';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly text: string;
}
