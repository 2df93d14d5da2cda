import type { GraphSession } from '../../runtime/graph-session.js';

/**
 * Watches outputs of a graph for somebody who does not run it.
 *
 * @param length how many values at the end of each output to keep.
 * @param keep told after every run what the outputs gave, in order.
 */
export function observeGraph(
  session: GraphSession,
  outputs: readonly string[],
  length: number,
  keep: (values: readonly Float32Array[]) => void,
): GraphSession {
  return {
    ...session,
    async run(inputs) {
      const results = await session.run(inputs);
      keep(
        outputs.map((name) => {
          const output = results[name];
          if (output?.type !== 'float32') throw new TypeError(`${name} holds no floats.`);
          // A copy: the whole output may be large.
          return output.data.slice(-length);
        }),
      );
      return results;
    },
  };
}
