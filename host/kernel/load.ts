import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LinnetError } from '../contract/error.js';

/** Path of a file below the package root, from host/ (development) or dist/ (built) alike. */
export function packagePath(relative: string): string {
  return fileURLToPath(new URL(`../../${relative}`, import.meta.url));
}

/** Builds of the kernel, the fastest first: one source, one arithmetic. */
export const kernelBuilds = ['accelerated', 'portable'] as const;
export type KernelBuild = (typeof kernelBuilds)[number];

/** With their articles, for messages. */
export const oneOfBuild: Readonly<Record<KernelBuild, string>> = {
  accelerated: 'an accelerated',
  portable: 'a portable',
};

const kernelFiles: Record<KernelBuild, string> = {
  accelerated: 'build/kernel.accelerated.wasm',
  portable: 'build/kernel.wasm',
};

/** A kernel that this checkout built. The accelerated one imports intrinsics; the portable one runs anywhere. */
export function loadKernelBytes(build: KernelBuild = 'portable'): Uint8Array {
  const file = kernelFiles[build];
  try {
    return new Uint8Array(readFileSync(packagePath(file)));
  } catch (error) {
    throw new LinnetError('ERR_TOOLCHAIN', `${file} is missing`, {
      remedy: 'run `npm run build`',
      source: error,
    });
  }
}

/** What is offered to nodes: both builds, or one alone. */
export function loadKernels(only?: KernelBuild): Uint8Array[] {
  return (only === undefined ? kernelBuilds : [only]).map((build) => loadKernelBytes(build));
}

/** Version of this package. */
export function packageVersion(): string {
  const text = readFileSync(packagePath('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
