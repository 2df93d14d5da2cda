import type { GraphInputs, GraphTensor } from '../../runtime/graph-session.js';
import { type CachePlane, type PlaneData, allocate, planeTensor } from './cache-planes.js';

/** Keys and values of the first positions of a prompt, frozen; any number of sequences may continue behind it. */
export interface KvPrefix {
  readonly length: number;
  readonly bytes: number;
  /** In the order of `cachePlanes`, and laid out as they say. */
  readonly planes: readonly { readonly name: string; readonly data: PlaneData }[];
}

/** Gives `prefix.{plane}`; of no positions where there is no prefix. Those of a prefix are made once, not for every step. */
export function createPrefixInputs(
  planes: readonly CachePlane[],
): (prefix: KvPrefix | null) => GraphInputs {
  const none = prefixInputs(null, planes);
  const made = new WeakMap<KvPrefix, GraphInputs>();
  return (prefix) => {
    if (prefix === null) return none;
    const inputs = made.get(prefix) ?? prefixInputs(prefix, planes);
    made.set(prefix, inputs);
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
