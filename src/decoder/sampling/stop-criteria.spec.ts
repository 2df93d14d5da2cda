import { createRandom } from './random.js';
import { createLoopDetector, createStopStringFilter } from './stop-criteria.js';

/** Text that the filter emits for a stream of these deltas. */
function filtered(deltas: readonly string[], stops: readonly string[]) {
  const filter = createStopStringFilter(stops);
  let text = '';
  for (const delta of deltas) {
    const check = filter.push(delta);
    text += check.text;
    if (check.stop !== null) return { text, isStopped: true };
  }
  return { text: text + filter.end(), isStopped: false };
}

describe('createStopStringFilter', () => {
  it('names the stop string, and keeps it if asked to', () => {
    const filter = createStopStringFilter(['two', 'o t'], 'keep');

    expect(filter.push('one')).toEqual({ text: 'one', stop: null });
    expect(filter.push(' two three')).toEqual({ text: ' two', stop: 'two' });
    expect(createStopStringFilter(['o t', 'two']).push('one to two')).toEqual({
      text: 'one t',
      stop: 'o t',
    });
  });

  it.each<[string[], string[], string, boolean]>([
    [['one two three'], ['two'], 'one ', true],
    [['one t', 'w', 'o three'], ['two'], 'one ', true],
    [['one tw', 'ist'], ['two'], 'one twist', false],
    [['aab'], ['ab'], 'a', true],
    [['a', 'a', 'b'], ['ab'], 'a', true],
    [['abcd'], ['bc', 'abcd'], 'a', true],
    [['xab'], ['ab', 'xab'], '', true],
    [['ends t'], ['two'], 'ends t', false],
    [['text'], [], 'text', false],
    [['text'], [''], 'text', false],
    [['\n', '\n'], ['\n\n'], '', true],
    [['😀a', '😀'], ['a😀'], '😀', true],
  ])('filters %j with stop strings %j to %j', (deltas, stops, text, isStopped) => {
    expect(filtered(deltas, stops)).toEqual({ text, isStopped });
  });

  it('holds back only text that may become a stop string', () => {
    const filter = createStopStringFilter(['</answer>']);

    expect(filter.push('yes <').text).toBe('yes ');
    expect(filter.push('b').text).toBe('<b');
    expect(filter.push('</answe').text).toBe('');
    expect(filter.end()).toBe('</answe');
  });

  it('emits the same text for any split of the stream', () => {
    const random = createRandom(2026);
    const word = (longest: number) =>
      Array.from(
        { length: 1 + Math.floor(random() * longest) },
        () => 'abc'[Math.floor(random() * 3)],
      ).join('');
    for (let round = 0; round < 3000; round++) {
      const text = word(24);
      const stops = Array.from({ length: 1 + Math.floor(random() * 3) }, () => word(4));
      const deltas: string[] = [];
      for (let rest = text; rest !== '';) {
        const length = 1 + Math.floor(random() * rest.length);
        deltas.push(rest.slice(0, length));
        rest = rest.slice(length);
      }
      const whole = filtered([text], stops);

      expect(filtered(deltas, stops)).toEqual(whole);
      expect(whole.isStopped).toBe(stops.some((stop) => text.includes(stop)));
      expect(text.startsWith(whole.text)).toBe(true);
      expect(stops.some((stop) => whole.text.includes(stop))).toBe(false);
    }
  });
});

describe('createLoopDetector', () => {
  /** Number of ids after which a loop is detected. */
  function detectedAfter(ids: Iterable<number>): number | undefined {
    const isLooping = createLoopDetector();
    let count = 0;
    for (const id of ids) {
      count += 1;
      if (isLooping(id)) return count;
    }
    return undefined;
  }
  const cycle = (period: number, length: number, start = 0) =>
    Array.from({ length }, (_, i) => start + (i % period));

  it.each([
    [1, 96],
    [2, 96],
    [6, 96],
    [7, 112],
    [20, 320],
    [32, 512],
  ])('detects a cycle of %i ids after %i ids', (period, count) => {
    expect(detectedAfter(cycle(period, 1000))).toBe(count);
  });

  it('detects a loop after varied text', () => {
    const varied = Array.from({ length: 200 }, (_, i) => 1000 + ((i * i) % 197));

    expect(detectedAfter([...varied, ...cycle(3, 200)])).toBe(296);
  });

  it('accepts legitimate repetition', () => {
    expect(detectedAfter(cycle(1, 95))).toBeUndefined();
    expect(detectedAfter(cycle(33, 2000))).toBeUndefined();
    // A numbered list: the same words with ascending numbers.
    expect(
      detectedAfter(Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 100 + i : i % 4))),
    ).toBeUndefined();
  });
});
