/** The period of the values. It is prime, so that no two rows of a matrix are equal. */
export const PERIOD = 1_048_573;

/** The approximate standard deviation of a sum of four random bytes. */
const SPREAD = 147.8;

/** The rule for the values of a tensor: `centre + scale * ring`. */
export interface ValueRule {
  readonly centre: 0 | 1;
  readonly scale: number;
}

// A local variable, since reading globals is slow in Jest's sandbox.
const { imul } = Math;

const bytesOfRules = new Map<string, Buffer>();

/**
 * Approximately normal values with mean 0 and standard deviation 1: sums of the bytes of a hashed index. Python
 * computes the same. `index` counts from 0 and wraps at the period.
 */
export function ringValue(index: number): number {
  let hash = (imul(index % PERIOD, 2654435761) + 97) >>> 0;
  hash = imul(hash ^ (hash >>> 15), 2246822519);
  hash = imul(hash ^ (hash >>> 13), 3266489917);
  hash ^= hash >>> 16;
  const sum = (hash & 255) + ((hash >>> 8) & 255) + ((hash >>> 16) & 255) + (hash >>> 24);
  return (sum - 510) / SPREAD;
}

/** The index of a tensor's first value: FNV-1a of its name in the file. */
export function phaseOf(name: string): number {
  let hash = 2166136261;
  for (const byte of Buffer.from(name, 'utf8')) hash = imul(hash ^ byte, 16777619);
  return (hash >>> 0) % PERIOD;
}

/** The rule for a tensor by its role in the model. `shape` is the shape in the file. */
export function ruleOf(name: string, shape: readonly number[]): ValueRule {
  if (name === 'image_newline') return { centre: 0, scale: 0.5 };
  if (/norm\d?\.weight$/.test(name)) return { centre: 1, scale: 0.1 };
  if (name.endsWith('.bias') || name.includes('position_embedding')) {
    return { centre: 0, scale: 0.02 };
  }
  if (name.includes('embed_tokens')) return { centre: 0, scale: 1 };
  const columns = shape.slice(1).reduce((product, size) => product * size, 1);
  const share = /\.(o_proj|down_proj)\./.test(name) ? 0.5 : 1;
  return { centre: 0, scale: share / Math.sqrt(columns) };
}

/**
 * The bytes from `begin` to `end` of a bfloat16 tensor, as read-only slices of a precomputed ring of 2 MB per rule:
 * gigabytes need no computation.
 */
export function* readTensor(
  name: string,
  shape: readonly number[],
  begin: number,
  end: number,
): Generator<Buffer> {
  const ring = bfloat16Ring(ruleOf(name, shape));
  let at = (2 * phaseOf(name) + begin) % ring.length;
  for (let left = end - begin; left > 0; at = 0) {
    const slice = ring.subarray(at, Math.min(ring.length, at + left));
    left -= slice.length;
    yield slice;
  }
}

function bfloat16Ring({ centre, scale }: ValueRule): Buffer {
  const key = `${centre} ${scale}`;
  const known = bytesOfRules.get(key);
  if (known) return known;
  const values = Float32Array.from(
    { length: PERIOD },
    (_, index) => centre + scale * ringValue(index),
  );
  const bits = new Uint32Array(values.buffer);
  // Rounds to the nearest, ties to even.
  const halves = Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
  const bytes = Buffer.from(halves.buffer);
  bytesOfRules.set(key, bytes);
  return bytes;
}
