/**
 * The inner loops of the float32 reference. Rows are row-major Float32Arrays; sums are carried in double and rounded to
 * float32 once, when stored, so the arithmetic is at least as good as float32 throughout.
 *
 * Several rows go through a loop together, because V8 has no vectors: what is loaded once is then used several times.
 */

/** A matrix inside an array: row `r` begins at `start + r · columns`. */
export interface Matrix {
  readonly values: Float32Array;
  readonly start: number;
  readonly rows: number;
  readonly columns: number;
}

export function matrix(values: Float32Array, start: number, rows: number, columns: number): Matrix {
  return { values, start, rows, columns };
}

/** Σ a[i]·b[j] over `count` elements from `aStart` and `bStart`; four sums, for a chain of additions waits for itself. */
function dotProduct(
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  count: number,
): number {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  const whole = count & ~3;
  for (let i = 0; i < whole; i += 4) {
    sum0 += a[aStart + i] * b[bStart + i];
    sum1 += a[aStart + i + 1] * b[bStart + i + 1];
    sum2 += a[aStart + i + 2] * b[bStart + i + 2];
    sum3 += a[aStart + i + 3] * b[bStart + i + 3];
  }
  for (let i = whole; i < count; i++) sum0 += a[aStart + i] * b[bStart + i];
  return sum0 + sum1 + (sum2 + sum3);
}

/** Four rows of `w` from row `o` against two rows of `x` from row `p`. */
function multiplyBlock(y: Float32Array, x: Matrix, w: Matrix, p: number, o: number): void {
  const { values: xs, columns } = x;
  const { values: ws, rows: outputs } = w;
  const x0 = x.start + p * columns;
  const x1 = x0 + columns;
  const w0 = w.start + o * columns;
  const w1 = w0 + columns;
  const w2 = w1 + columns;
  const w3 = w2 + columns;
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  for (let k = 0; k < columns; k++) {
    const a = xs[x0 + k];
    const b = xs[x1 + k];
    const u0 = ws[w0 + k];
    const u1 = ws[w1 + k];
    const u2 = ws[w2 + k];
    const u3 = ws[w3 + k];
    a0 += a * u0;
    a1 += a * u1;
    a2 += a * u2;
    a3 += a * u3;
    b0 += b * u0;
    b1 += b * u1;
    b2 += b * u2;
    b3 += b * u3;
  }
  const y0 = p * outputs + o;
  const y1 = y0 + outputs;
  y[y0] = a0;
  y[y0 + 1] = a1;
  y[y0 + 2] = a2;
  y[y0 + 3] = a3;
  y[y1] = b0;
  y[y1 + 1] = b1;
  y[y1 + 2] = b2;
  y[y1 + 3] = b3;
}

/** y [P][O] = x [P][K] · wᵀ, w being [O][K]. */
export function multiplyTransposed(y: Float32Array, x: Matrix, w: Matrix): void {
  const { columns } = x;
  const wholeRows = x.rows & ~1;
  const wholeOutputs = wholeRows === 0 ? 0 : w.rows & ~3;
  for (let o = 0; o < wholeOutputs; o += 4) {
    for (let p = 0; p < wholeRows; p += 2) multiplyBlock(y, x, w, p, o);
  }
  for (let p = 0; p < x.rows; p++) {
    for (let o = p < wholeRows ? wholeOutputs : 0; o < w.rows; o++) {
      const from = x.start + p * columns;
      y[p * w.rows + o] = dotProduct(x.values, from, w.values, w.start + o * columns, columns);
    }
  }
}

/** Factors that are not 0 with the rows they belong to: errors behind a closed ReLU need no work. */
export class RowSum {
  private readonly factors: Float64Array;
  private readonly starts: Int32Array;
  private count = 0;

  constructor(capacity: number) {
    this.factors = new Float64Array(capacity);
    this.starts = new Int32Array(capacity);
  }

  clear(): void {
    this.count = 0;
  }

  /** Adds `factor` times the row that begins at `start`. */
  add(factor: number, start: number): void {
    if (factor === 0) return;
    this.factors[this.count] = factor;
    this.starts[this.count++] = start;
  }

  /** target[i] += scale · Σ factor · source[start + i], over `columns`. */
  addTo(
    target: Float32Array,
    at: number,
    source: Float32Array,
    columns: number,
    scale: number,
  ): void {
    let n = 0;
    for (; n + 4 <= this.count; n += 4) this.addFour(target, at, source, columns, scale, n);
    for (; n < this.count; n++) {
      const factor = scale * this.factors[n];
      const start = this.starts[n];
      for (let i = 0; i < columns; i++) target[at + i] += factor * source[start + i];
    }
  }

  private addFour(
    target: Float32Array,
    at: number,
    source: Float32Array,
    columns: number,
    scale: number,
    n: number,
  ): void {
    const { factors, starts } = this;
    const f0 = factors[n];
    const s0 = starts[n];
    const f1 = factors[n + 1];
    const s1 = starts[n + 1];
    const f2 = factors[n + 2];
    const s2 = starts[n + 2];
    const f3 = factors[n + 3];
    const s3 = starts[n + 3];
    for (let i = 0; i < columns; i++) {
      const sum =
        f0 * source[s0 + i] + f1 * source[s1 + i] + (f2 * source[s2 + i] + f3 * source[s3 + i]);
      target[at + i] += scale * sum;
    }
  }
}
