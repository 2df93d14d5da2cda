import type { GraphInputs, GraphTensor } from '../../runtime/graph-session.js';
import { type CachePlane, type PlaneData, allocate, planeTensor } from './cache-planes.js';

/** Keys and values of the first positions of a prompt, immutable. Any number of sequences may continue from it. */
export interface KvPrefix {
  readonly length: number;
  readonly bytes: number;
  /** In the order and layout of `cachePlanes`. */
  readonly planes: readonly { readonly name: string; readonly data: PlaneData }[];
}

/**
 * Creates the graph inputs `prefix.{plane}`, with 0 positions for `null`. They are cached per prefix, not built per
 * step.
 */
export function createPrefixInputs(
  planes: readonly CachePlane[],
): (prefix: KvPrefix | null) => GraphInputs {
  const none = prefixInputs(null, planes);
  const cached = new WeakMap<KvPrefix, GraphInputs>();
  return (prefix) => {
    if (prefix === null) return none;
    const inputs = cached.get(prefix) ?? prefixInputs(prefix, planes);
    cached.set(prefix, inputs);
    return inputs;
  };
}

function prefixInputs(prefix: KvPrefix | null, planes: readonly CachePlane[]): GraphInputs {
  const inputs: Record<string, GraphTensor> = {};
  planes.forEach((plane, index) => {
    const data = prefix?.planes[index]?.data ?? allocate(plane, 1, 0);
    inputs[`prefix.${plane.name}`] = planeTensor(plane, 1, prefix?.length ?? 0, data);
  });
  return inputs;
}
