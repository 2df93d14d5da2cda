/**
 * Values that share a scale in four bits: a sixteenth of a row. From 64 to 128, steps take a tenth less time alone and a
 * quarter less for eight, and weights err by 15 % more; that is what published checkpoints in four bits have. Narrow models
 * have fewer values over which such errors average out.
 */
export function fourBitBlockSize(hiddenSize: number): number {
  const sixteenth = 2 ** Math.floor(Math.log2(hiddenSize / 16));
  return Math.min(128, Math.max(32, sixteenth));
}
