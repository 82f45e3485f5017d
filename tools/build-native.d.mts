export type NativeTarget =
  | 'linnet_wasm3.node'
  | 'vector_runner'
  | 'linnet-node'
  | 'linnet-live'
  | 'linnet-asking'
  | 'linnet-collecting';

export declare const nativeTargets: readonly NativeTarget[];

export type NativeBuild =
  | { readonly available: true; readonly compiler: string }
  | { readonly available: false; readonly reason: string };

export declare function buildNative(targets?: readonly NativeTarget[]): Promise<NativeBuild>;
