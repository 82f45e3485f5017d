/** Formats the C of the project with clang-format; `--check` only verifies. */
import { execFileSync } from 'node:child_process';
import { listFiles, root } from './incremental.mjs';
import { join } from 'node:path';

const files = listFiles(
  ['firmware', 'host/wasm3', 'test', 'bench'].map((folder) => join(root, folder)),
  ['.c', '.h'],
).filter((path) => !path.includes('.gen.') && !path.endsWith('linnet_contract.h'));
const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
try {
  execFileSync('clang-format', [...mode, ...files], { stdio: 'inherit' });
} catch (error) {
  if (error.code !== 'ENOENT') process.exit(1);
  if (process.env.CI) {
    console.error('clang-format is missing: install the Debian package clang-format.');
    process.exit(1);
  }
  console.error('Skipped the C format: clang-format is not installed.');
}
