/**
 * The inner loops of the float32 reference, four lanes at a time (WebAssembly SIMD). Compiled by ../build.ts.
 *
 * Pointers are byte addresses of float32 arrays, matrices are row-major without padding: x [P][K], w [O][K], y [P][O].
 * Everything is float32; a product and its addition are rounded apart.
 */

// @ts-ignore: decorator
@inline
function sumLanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** y[o…o+3] of one row of x. */
// @ts-ignore: decorator
@inline
function multiplyFour(y: usize, x: usize, w: usize, K: i32): void {
  const row = (<usize>K) << 2;
  const whole = x + ((<usize>(K & ~3)) << 2);
  const end = x + row;
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  while (x < whole) {
    const v = v128.load(x);
    s0 = f32x4.add(s0, f32x4.mul(v, v128.load(w)));
    s1 = f32x4.add(s1, f32x4.mul(v, v128.load(w + row)));
    s2 = f32x4.add(s2, f32x4.mul(v, v128.load(w + 2 * row)));
    s3 = f32x4.add(s3, f32x4.mul(v, v128.load(w + 3 * row)));
    x += 16;
    w += 16;
  }
  let t0 = sumLanes(s0);
  let t1 = sumLanes(s1);
  let t2 = sumLanes(s2);
  let t3 = sumLanes(s3);
  while (x < end) {
    const v = load<f32>(x);
    t0 += v * load<f32>(w);
    t1 += v * load<f32>(w + row);
    t2 += v * load<f32>(w + 2 * row);
    t3 += v * load<f32>(w + 3 * row);
    x += 4;
    w += 4;
  }
  store<f32>(y, t0);
  store<f32>(y, t1, 4);
  store<f32>(y, t2, 8);
  store<f32>(y, t3, 12);
}

function dotProduct(x: usize, w: usize, K: i32): f32 {
  const whole = x + ((<usize>(K & ~3)) << 2);
  const end = x + ((<usize>K) << 2);
  let sum = f32x4.splat(0);
  while (x < whole) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(x), v128.load(w)));
    x += 16;
    w += 16;
  }
  let total = sumLanes(sum);
  while (x < end) {
    total += load<f32>(x) * load<f32>(w);
    x += 4;
    w += 4;
  }
  return total;
}

/** y = x · wᵀ + bias, then max(0, ·) with `relu`. */
export function forward(
  y: usize,
  x: usize,
  w: usize,
  bias: usize,
  P: i32,
  K: i32,
  O: i32,
  relu: i32,
): void {
  const row = (<usize>K) << 2;
  for (let p = 0; p < P; p++, x += row) {
    let o = 0;
    for (; o + 4 <= O; o += 4) multiplyFour(y + ((<usize>o) << 2), x, w + <usize>o * row, K);
    for (; o < O; o++) store<f32>(y + ((<usize>o) << 2), dotProduct(x, w + <usize>o * row, K));
    for (o = 0; o < O; o++, y += 4) {
      const sum = load<f32>(y) + load<f32>(bias + ((<usize>o) << 2));
      store<f32>(y, relu && sum < 0 ? 0 : sum);
    }
  }
}

/** target[0…K−1] = sign · Σ over n of e[n · eStep] · source[n][K], plus target itself with `keep`. */
function combineRows(
  target: usize,
  source: usize,
  e: usize,
  eStep: usize,
  n: i32,
  K: i32,
  scale: f32,
  keep: bool,
): void {
  const row = (<usize>K) << 2;
  const factor = f32x4.splat(scale);
  let k = 0;
  for (; k + 8 <= K; k += 8) {
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let from = source;
    let at = e;
    for (let i = 0; i < n; i++, from += row, at += eStep) {
      const error = load<f32>(at);
      if (error == 0) continue;
      const v = f32x4.splat(error);
      a0 = f32x4.add(a0, f32x4.mul(v, v128.load(from)));
      a1 = f32x4.add(a1, f32x4.mul(v, v128.load(from, 16)));
    }
    a0 = f32x4.mul(factor, a0);
    a1 = f32x4.mul(factor, a1);
    v128.store(target, keep ? f32x4.add(v128.load(target), a0) : a0);
    v128.store(target, keep ? f32x4.add(v128.load(target, 16), a1) : a1, 16);
    source += 32;
    target += 32;
  }
  for (; k < K; k++, source += 4, target += 4) {
    let sum: f32 = 0;
    for (let i = 0; i < n; i++) {
      sum += load<f32>(e + <usize>i * eStep) * load<f32>(source + <usize>i * row);
    }
    store<f32>(target, keep ? load<f32>(target) + scale * sum : scale * sum);
  }
}

/** dx [P][K] = e [P][O] · w [O][K] */
export function propagate(dx: usize, e: usize, w: usize, P: i32, K: i32, O: i32): void {
  for (let p = 0; p < P; p++) {
    combineRows(dx, w, e, 4, O, K, 1, false);
    dx += (<usize>K) << 2;
    e += (<usize>O) << 2;
  }
}

/** w −= rate · eᵀ · x, bias −= rate · Σ e */
export function update(
  w: usize,
  bias: usize,
  x: usize,
  e: usize,
  P: i32,
  K: i32,
  O: i32,
  rate: f32,
): void {
  const stride = (<usize>O) << 2;
  for (let o = 0; o < O; o++) {
    const errors = e + ((<usize>o) << 2);
    combineRows(w, x, errors, stride, P, K, -rate, true);
    let total: f32 = 0;
    for (let p = 0; p < P; p++) total += load<f32>(errors + <usize>p * stride);
    store<f32>(bias, load<f32>(bias) - rate * total);
    w += (<usize>K) << 2;
    bias += 4;
  }
}

/** to [n][channels] = rows of x that begin at starts [n] int32; rows with a negative start stay as they are. */
export function gather(to: usize, x: usize, starts: usize, n: i32, channels: i32): void {
  const row = (<usize>channels) << 2;
  for (let i = 0; i < n; i++, starts += 4, to += row) {
    const start = load<i32>(starts);
    if (start < 0) continue;
    const from = x + ((<usize>start) << 2);
    for (let c: usize = 0; c < row; c += 4) store<f32>(to + c, load<f32>(from + c));
  }
}

/** The rows of dx that begin at starts [n] += from [n][channels]. */
export function scatter(dx: usize, from: usize, starts: usize, n: i32, channels: i32): void {
  const row = (<usize>channels) << 2;
  for (let i = 0; i < n; i++, starts += 4, from += row) {
    const start = load<i32>(starts);
    if (start < 0) continue;
    const to = dx + ((<usize>start) << 2);
    for (let c: usize = 0; c < row; c += 4) {
      store<f32>(to + c, load<f32>(to + c) + load<f32>(from + c));
    }
  }
}
