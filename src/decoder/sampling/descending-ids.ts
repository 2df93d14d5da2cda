/**
 * Yields ids from the highest score to the lowest, the lower id first where scores are equal. A heap is built over all
 * of them once and popped on demand: a sampler wants a few dozen of 256,000, and sorting all would cost as much
 * as a decode step. Scores that are not numbers are left out.
 */
export function* descendingIds(scores: Float32Array): Generator<number, undefined> {
  const heap = new Uint32Array(scores.length);
  let size = 0;
  for (let id = 0; id < scores.length; id++) {
    if (!Number.isNaN(scores[id])) heap[size++] = id;
  }
  for (let node = (size >> 1) - 1; node >= 0; node--) siftDown(heap, size, node, scores);
  while (size > 0) {
    yield at(heap, 0);
    size -= 1;
    heap[0] = at(heap, size);
    siftDown(heap, size, 0, scores);
  }
}

function siftDown(heap: Uint32Array, size: number, start: number, scores: Float32Array): void {
  const id = at(heap, start);
  let node = start;
  for (;;) {
    let child = 2 * node + 1;
    if (child >= size) break;
    if (child + 1 < size && isBefore(at(heap, child + 1), at(heap, child), scores)) child += 1;
    if (!isBefore(at(heap, child), id, scores)) break;
    heap[node] = at(heap, child);
    node = child;
  }
  heap[node] = id;
}

function isBefore(a: number, b: number, scores: Float32Array): boolean {
  const [scoreA, scoreB] = [at(scores, a), at(scores, b)];
  return scoreA > scoreB || (scoreA === scoreB && a < b);
}

function at(values: Uint32Array | Float32Array, index: number): number {
  return values[index] ?? 0;
}
