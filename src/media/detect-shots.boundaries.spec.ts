import { createShotBoundaryDetector } from './detect-shots.js';

/** Feeds flat pictures of these greys, so many a second. */
function detect(
  greys: readonly number[],
  perSecond: number,
  spacing: 'dense' | 'sparse' = 'dense',
) {
  const detector = createShotBoundaryDetector(spacing);
  greys.forEach((grey, i) =>
    detector.add({ seconds: i / perSecond, data: new Uint8Array(12).fill(grey) }),
  );
  return detector.finish().map(({ seconds }) => seconds);
}

const repeat = (grey: number, count: number) => Array.from({ length: count }, () => grey);

describe('createShotBoundaryDetector', () => {
  it('finds hard cuts at the first frame of the new shot', () => {
    const greys = [...repeat(20, 10), ...repeat(120, 10), ...repeat(60, 10)];

    expect(detect(greys, 10)).toEqual([1, 2]);
  });

  it('takes steady motion for none, however fast, but a cut in it for one', () => {
    const motion = Array.from({ length: 20 }, (_, i) => (i % 2) * 30);

    expect(detect(motion, 10)).toEqual([]);
    expect(detect([...motion, ...motion.map((grey) => grey + 130)], 10)).toEqual([2]);
  });

  it('takes a slow fade for none', () => {
    expect(
      detect(
        Array.from({ length: 100 }, (_, i) => i * 2),
        10,
      ),
    ).toEqual([]);
  });

  it('takes a flash for one cut at most', () => {
    expect(detect([...repeat(20, 10), 250, ...repeat(20, 10)], 10)).toHaveLength(1);
  });

  it('goes by the difference alone where pictures are seconds apart', () => {
    const greys = [20, 25, 80, 75, 140, 20];

    expect(detect(greys, 0.1, 'sparse')).toEqual([20, 40, 50]);
  });

  it('reports the difference at a boundary', () => {
    const detector = createShotBoundaryDetector('sparse');
    detector.add({ seconds: 0, data: new Uint8Array([0, 0]) });
    detector.add({ seconds: 5, data: new Uint8Array([255, 0]) });

    expect(detector.finish()).toEqual([{ seconds: 5, difference: 0.5 }]);
  });

  it('finds nothing in one picture or none', () => {
    expect(detect([], 1)).toEqual([]);
    expect(detect([7], 1)).toEqual([]);
  });
});
