/** Build steps that run only when what they depend on has changed. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package root. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Every file below `paths` (files or folders) whose name ends with one of `endings`, sorted. */
export function listFiles(paths, endings) {
  return paths
    .flatMap((path) => {
      if (!existsSync(path)) return [];
      if (statSync(path).isFile()) return [path];
      return listFiles(
        readdirSync(path).map((name) => join(path, name)),
        endings,
      );
    })
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .sort();
}

/** SHA-256 over the contents of `files` and over `settings`. */
export function fingerprint(files, settings = '') {
  const hash = createHash('sha256').update(settings);
  for (const file of files) hash.update(file).update('\0').update(readFileSync(file));
  return hash.digest('hex');
}

/**
 * Runs `build` unless `outputs` exist and carry the stamp of the same inputs and settings.
 * Returns true if it built.
 */
export async function buildIfChanged({ name, inputs, settings = '', outputs, build }) {
  const stampPath = join(root, 'build', 'stamps', name);
  const stamp = fingerprint(inputs, settings);
  const fresh = outputs.every((path) => existsSync(path));
  if (fresh && existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) return false;
  for (const path of outputs) mkdirSync(dirname(path), { recursive: true });
  await build();
  mkdirSync(dirname(stampPath), { recursive: true });
  writeFileSync(stampPath, stamp);
  return true;
}
