/** Logits per comparison. Eight at once take less than half the time of one by one. */
const STRIDE = 8;

/**
 * Token ids of the `count` highest logits, unordered; for a count of 1 the lowest id on ties. NaN is skipped.
 *
 * One pass with a min-heap of the best so far: nearly all logits fail the first comparison.
 */
export function topLogits(logits: Float32Array, count: number): Uint32Array {
  const heap = new Uint32Array(Math.min(count, logits.length));
  let size = 0;
  let threshold = -Infinity;
  const logitAt = (node: number): number => logits[heap[node] ?? 0] ?? 0;
  const siftDown = (start: number): void => {
    const id = heap[start] ?? 0;
    const logit = logits[id] ?? NaN;
    let node = start;
    for (;;) {
      let child = 2 * node + 1;
      if (child >= size) break;
      if (child + 1 < size && logitAt(child + 1) < logitAt(child)) child += 1;
      if (logitAt(child) >= logit) break;
      heap[node] = heap[child] ?? 0;
      node = child;
    }
    heap[node] = id;
  };
  const take = (id: number): void => {
    const logit = logits[id] ?? NaN;
    if (size < heap.length) {
      if (Number.isNaN(logit)) return;
      heap[size++] = id;
      if (size === heap.length) {
        for (let node = (size >> 1) - 1; node >= 0; node--) siftDown(node);
        threshold = logitAt(0);
      }
    } else if (logit > threshold) {
      heap[0] = id;
      siftDown(0);
      threshold = logitAt(0);
    }
  };
  let id = 0;
  while (id < logits.length && size < heap.length) take(id++);
  for (const last = logits.length - STRIDE; id <= last; id += STRIDE) {
    if (isAnyAbove(logits, id, threshold)) for (let i = 0; i < STRIDE; i++) take(id + i);
  }
  while (id < logits.length) take(id++);
  return heap.subarray(0, size);
}

/** Whether any of STRIDE logits is higher than the threshold. */
function isAnyAbove(logits: Float32Array, id: number, threshold: number): boolean {
  return (
    (logits[id] ?? NaN) > threshold ||
    (logits[id + 1] ?? NaN) > threshold ||
    (logits[id + 2] ?? NaN) > threshold ||
    (logits[id + 3] ?? NaN) > threshold ||
    (logits[id + 4] ?? NaN) > threshold ||
    (logits[id + 5] ?? NaN) > threshold ||
    (logits[id + 6] ?? NaN) > threshold ||
    (logits[id + 7] ?? NaN) > threshold
  );
}

/**
 * Yields token ids by descending logit, the lower id first on ties. NaN is skipped. A heap is built once and popped on
 * demand: a sampler takes a few dozen of 256,000 ids, and a full sort would take as long as a decode step.
 */
export function* descendingIds(logits: Float32Array): Generator<number, undefined> {
  const heap = new Uint32Array(logits.length);
  let size = 0;
  for (let id = 0; id < logits.length; id++) {
    if (!Number.isNaN(logits[id])) heap[size++] = id;
  }
  for (let node = (size >> 1) - 1; node >= 0; node--) siftDown(heap, size, node, logits);
  while (size > 0) {
    yield at(heap, 0);
    size -= 1;
    heap[0] = at(heap, size);
    siftDown(heap, size, 0, logits);
  }
}

function siftDown(heap: Uint32Array, size: number, start: number, logits: Float32Array): void {
  const id = at(heap, start);
  let node = start;
  for (;;) {
    let child = 2 * node + 1;
    if (child >= size) break;
    if (child + 1 < size && isBefore(at(heap, child + 1), at(heap, child), logits)) child += 1;
    if (!isBefore(at(heap, child), id, logits)) break;
    heap[node] = at(heap, child);
    node = child;
  }
  heap[node] = id;
}

function isBefore(a: number, b: number, logits: Float32Array): boolean {
  const [logitA, logitB] = [at(logits, a), at(logits, b)];
  return logitA > logitB || (logitA === logitB && a < b);
}

function at(values: Uint32Array | Float32Array, index: number): number {
  return values[index] ?? 0;
}
