import { createRandom } from './random.js';
import { createLoopDetector, createStopStringFilter } from './stop-criteria.js';

/** The text shown when the stream comes in these parts. */
function shown(parts: readonly string[], stops: readonly string[]) {
  const filter = createStopStringFilter(stops);
  let text = '';
  for (const part of parts) {
    const check = filter.push(part);
    text += check.text;
    if (check.isStopped) return { text, isStopped: true };
  }
  return { text: text + filter.end(), isStopped: false };
}

describe('createStopStringFilter', () => {
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
  ])('reads %j with stops %j as %j', (parts, stops, text, isStopped) => {
    expect(shown(parts, stops)).toEqual({ text, isStopped });
  });

  it('holds back no more than could become a stop string', () => {
    const filter = createStopStringFilter(['</answer>']);

    expect(filter.push('yes <').text).toBe('yes ');
    expect(filter.push('b').text).toBe('<b');
    expect(filter.push('</answe').text).toBe('');
    expect(filter.end()).toBe('</answe');
  });

  it('says the same however the stream is split', () => {
    const random = createRandom(2026);
    const word = (longest: number) =>
      Array.from(
        { length: 1 + Math.floor(random() * longest) },
        () => 'abc'[Math.floor(random() * 3)],
      ).join('');
    for (let round = 0; round < 3000; round++) {
      const text = word(24);
      const stops = Array.from({ length: 1 + Math.floor(random() * 3) }, () => word(4));
      const parts: string[] = [];
      for (let rest = text; rest !== '';) {
        const length = 1 + Math.floor(random() * rest.length);
        parts.push(rest.slice(0, length));
        rest = rest.slice(length);
      }
      const whole = shown([text], stops);

      expect(shown(parts, stops)).toEqual(whole);
      expect(whole.isStopped).toBe(stops.some((stop) => text.includes(stop)));
      expect(text.startsWith(whole.text)).toBe(true);
      expect(stops.some((stop) => whole.text.includes(stop))).toBe(false);
    }
  });
});

describe('createLoopDetector', () => {
  /** How many ids it takes to call it a loop. */
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
  ])('finds a cycle of %i after %i ids', (period, count) => {
    expect(detectedAfter(cycle(period, 1000))).toBe(count);
  });

  it('finds a loop after honest text', () => {
    const honest = Array.from({ length: 200 }, (_, i) => 1000 + ((i * i) % 197));

    expect(detectedAfter([...honest, ...cycle(3, 200)])).toBe(296);
  });

  it('lets honest repetition pass', () => {
    expect(detectedAfter(cycle(1, 95))).toBeUndefined();
    expect(detectedAfter(cycle(33, 2000))).toBeUndefined();
    // A numbered list: the same words, another number each time.
    expect(
      detectedAfter(Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 100 + i : i % 4))),
    ).toBeUndefined();
  });
});
