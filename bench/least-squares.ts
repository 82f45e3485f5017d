/**
 * Coefficients c ≥ 0 that make A·c nearest to y in relative terms: rows are divided by y, so that small
 * models count as much as large ones. Coordinate descent, each coefficient at its best while the others
 * rest; converges, for the problem is convex (Franc, Hlaváč and Navara 2005).
 */
export function fitNonNegative(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  sweeps = 4000,
): number[] {
  const scaled = rows.map((row, i) => row.map((value) => value / targets[i]));
  const columns = rows[0].length;
  const norms = Array.from({ length: columns }, (_, j) =>
    scaled.reduce((sum, row) => sum + row[j] ** 2, 0),
  );
  const found = new Array<number>(columns).fill(0);
  const rest = targets.map(() => 1);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let j = 0; j < columns; j++) {
      if (norms[j] === 0) continue;
      const gradient = scaled.reduce((sum, row, i) => sum + row[j] * rest[i], 0);
      const next = Math.max(0, found[j] + gradient / norms[j]);
      const step = next - found[j];
      found[j] = next;
      if (step !== 0) scaled.forEach((row, i) => (rest[i] -= row[j] * step));
    }
  }
  return found;
}
