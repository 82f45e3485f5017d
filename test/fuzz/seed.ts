/** An input of a fuzz target. */
export type Seed = readonly [name: string, bytes: Uint8Array];

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
