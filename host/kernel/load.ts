import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LinnetError } from '../contract/error.js';

/** Path of a file below the package root, from host/ (development) or dist/ (built) alike. */
export function packagePath(relative: string): string {
  return fileURLToPath(new URL(`../../${relative}`, import.meta.url));
}

/** The portable kernel that this checkout built. */
export function loadKernelBytes(): Uint8Array {
  try {
    return new Uint8Array(readFileSync(packagePath('build/kernel.wasm')));
  } catch (error) {
    throw new LinnetError('ERR_TOOLCHAIN', 'build/kernel.wasm is missing', {
      remedy: 'run `npm run build`',
      source: error,
    });
  }
}

/** Version of this package. */
export function packageVersion(): string {
  const text = readFileSync(packagePath('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
