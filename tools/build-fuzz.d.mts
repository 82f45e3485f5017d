export type FuzzTarget =
  'kernel' | 'payload' | 'node' | 'wire' | 'frame' | 'message' | 'intrinsics';

export declare const fuzzTargets: readonly FuzzTarget[];
export declare function buildReplay(target: FuzzTarget): Promise<string>;
export declare function buildFuzzer(target: FuzzTarget): Promise<string>;
export declare function lackOfFuzzer(): string | undefined;
export declare function unpackSeeds(target: FuzzTarget): {
  readonly folder: string;
  readonly paths: readonly string[];
};
