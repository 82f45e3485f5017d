export type Board =
  | 'qemu-mps2-m4'
  | 'stm32f4'
  | 'qemu-microbit'
  | 'qemu-m0'
  | 'qemu-mps2-m3'
  | 'qemu-mps2-m7'
  | 'qemu-mps2-m33'
  | 'qemu-virt-rv32';

export type FirmwareBuild =
  | { readonly available: true; readonly folder: string }
  | { readonly available: false; readonly reason: string };

export declare function buildFirmware(
  board: Board,
  targets?: readonly string[],
): Promise<FirmwareBuild>;
