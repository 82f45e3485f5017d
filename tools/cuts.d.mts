export declare function buildCutRunner(forgetful?: boolean): string;

export declare function cutNatively(
  runner: string,
  kernels: readonly string[],
  mode: 'cuts' | 'damage' | 'wear',
  seed: number,
  stride: number,
): Promise<string>;

export declare function cutOnCore(
  kernels: readonly string[],
  mode: 'cuts' | 'damage' | 'wear',
  seed: number,
  stride: number,
): Promise<string>;
