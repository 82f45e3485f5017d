export type Board = 'qemu-mps2-m4' | 'stm32f4';

export type FirmwareBuild =
  | { readonly available: true; readonly folder: string }
  | { readonly available: false; readonly reason: string };

export declare function buildFirmware(
  board: Board,
  targets?: readonly string[],
): Promise<FirmwareBuild>;
