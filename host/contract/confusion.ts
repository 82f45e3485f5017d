/** Samples on the diagonal of a confusion matrix, flat [classes][classes]: those whose class was predicted. */
export function correctIn(confusion: ArrayLike<number>): number {
  const step = Math.sqrt(confusion.length) + 1;
  let correct = 0;
  for (let i = 0; i < confusion.length; i += step) correct += confusion[i];
  return correct;
}
