/** Two-sided 95 % quantiles of Student's t for 1…30 degrees of freedom. */
const STUDENT_T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
];
const NORMAL_95 = 1.96;

export interface Summary {
  readonly mean: number;
  /** Sample standard deviation; 0 for a single value. */
  readonly deviation: number;
  /** Half the width of the 95 % confidence interval of the mean (Student's t); infinite for one value. */
  readonly halfWidth: number;
}

/** Mean, spread and confidence of one value or more. Of paired differences: the paired t interval. */
export function summarise(values: readonly number[]): Summary {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, deviation: 0, halfWidth: Infinity };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (n - 1));
  const t = STUDENT_T95[n - 2] ?? NORMAL_95;
  return { mean, deviation, halfWidth: (t * deviation) / Math.sqrt(n) };
}
