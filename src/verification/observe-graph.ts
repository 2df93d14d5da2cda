import type { GraphSession } from '../runtime/graph-session.js';

/** A session that keeps the end of what certain outputs gave in its last run. */
export interface GraphTap {
  readonly session: GraphSession;
  /** One for each output, in order. */
  lastValues(): readonly Float32Array[];
}

/**
 * Watches outputs of a graph for somebody who does not run it.
 *
 * @param length how many values at the end of each output to keep.
 */
export function observeGraph(
  session: GraphSession,
  outputs: readonly string[],
  length: number,
): GraphTap {
  let kept: readonly Float32Array[] = [];
  return {
    session: {
      ...session,
      async run(inputs) {
        const results = await session.run(inputs);
        kept = outputs.map((name) => {
          const output = results[name];
          if (output?.type !== 'float32') throw new TypeError(`${name} holds no floats.`);
          // A copy: the whole output may be large.
          return output.data.slice(-length);
        });
        return results;
      },
    },
    lastValues: () => kept,
  };
}
