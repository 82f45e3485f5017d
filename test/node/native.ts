import { expect, it } from 'vitest';
import { buildNative } from '../../tools/build-native.mjs';

/** Runs `define` if a compiler built build/linnet-node; else a test says why not, and fails in CI. */
export async function whereNative(define: () => void): Promise<void> {
  const built = await buildNative(['linnet-node']);
  if (built.available) {
    define();
    return;
  }
  const reason = `the native node was not built: ${built.reason}`;
  console.warn(`skipped: ${reason}`);
  it('has a native node', ({ skip }) => {
    expect(process.env['CI'], reason).toBeUndefined();
    skip(reason);
  });
}
