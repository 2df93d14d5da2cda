import { Namespace, PyFunction, Undefined, isEqual, type Value } from './values.js';

/**
 * The variable `loop` of one iteration.
 *
 * @param changed the last arguments of `loop.changed()`, shared by the iterations
 */
export function createLoop(
  items: readonly Value[],
  index: number,
  changed: { last?: readonly Value[] },
): Namespace {
  const length = items.length;
  return new Namespace(
    new Map<string, Value>([
      ['index', index + 1],
      ['index0', index],
      ['revindex', length - index],
      ['revindex0', length - index - 1],
      ['first', index === 0],
      ['last', index === length - 1],
      ['length', length],
      // The depth of recursive loops, which are not supported.
      ['depth', 1],
      ['depth0', 0],
      ['previtem', items[index - 1] ?? new Undefined('there is no previous item')],
      ['nextitem', items[index + 1] ?? new Undefined('there is no next item')],
      ['cycle', new PyFunction((values) => values[index % values.length] ?? null)],
      [
        'changed',
        new PyFunction((values) => {
          const { last } = changed;
          changed.last = values;
          return last === undefined || !isEqual([...last], [...values]);
        }),
      ],
    ]),
  );
}
