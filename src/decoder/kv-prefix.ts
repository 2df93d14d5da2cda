import type { GraphTensor } from '../runtime/graph-session.js';
import type { CachePlane, PlaneData } from './cache-planes.js';
import { allocate, planeTensor } from './cache-planes.js';

/** Keys and values of the first positions of a prompt, frozen; any number of sequences may continue behind it. */
export interface KvPrefix {
  readonly length: number;
  readonly bytes: number;
  /** In the order of `cachePlanes`, and laid out as they say. */
  readonly planes: readonly { readonly name: string; readonly data: PlaneData }[];
}

/** `prefix.{plane}`; of no positions where there is no prefix. */
export function prefixInputs(
  prefix: KvPrefix | null,
  planes: readonly CachePlane[],
): Record<string, GraphTensor> {
  const inputs: Record<string, GraphTensor> = {};
  planes.forEach((plane, index) => {
    const data = prefix?.planes[index]?.data ?? allocate(plane, 1, 0);
    inputs[`prefix.${plane.name}`] = planeTensor(plane, 1, prefix?.length ?? 0, data);
  });
  return inputs;
}
