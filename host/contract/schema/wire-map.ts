export type WireType =
  | 'uint'
  | 'bytes'
  | 'id'
  | 'hash'
  | 'mac'
  | 'text'
  | 'bool'
  | 'uints'
  | { readonly map: string }
  | { readonly list: string };

export interface WireKey {
  readonly name: string;
  readonly key: number;
  readonly type: WireType;
  readonly optional?: true;
  readonly text: string;
}

export interface WireMap {
  readonly name: string;
  readonly text: string;
  /** true: an unknown key makes the map unusable, because it may change what must be done. */
  readonly closed: boolean;
  readonly keys: readonly WireKey[];
}
