import { createShotBoundaryDetector } from './detect-shots.js';

/** Detects boundaries between uniform images with these gray levels. */
function detect(
  grays: readonly number[],
  perSecond: number,
  spacing: 'dense' | 'sparse' = 'dense',
) {
  const detector = createShotBoundaryDetector(spacing);
  grays.forEach((gray, i) =>
    detector.add({ seconds: i / perSecond, data: new Uint8Array(12).fill(gray) }),
  );
  return detector.finish().map(({ seconds }) => seconds);
}

const repeat = (gray: number, count: number) => Array.from({ length: count }, () => gray);

describe('createShotBoundaryDetector', () => {
  it('finds hard cuts at the first frame of the new shot', () => {
    const grays = [...repeat(20, 10), ...repeat(120, 10), ...repeat(60, 10)];

    expect(detect(grays, 10)).toEqual([1, 2]);
  });

  it('reports no boundary in steady motion, and the cut within motion', () => {
    const motion = Array.from({ length: 20 }, (_, i) => (i % 2) * 30);

    expect(detect(motion, 10)).toEqual([]);
    expect(detect([...motion, ...motion.map((gray) => gray + 130)], 10)).toEqual([2]);
  });

  it('reports no boundary in a slow fade', () => {
    expect(
      detect(
        Array.from({ length: 100 }, (_, i) => i * 2),
        10,
      ),
    ).toEqual([]);
  });

  it('reports at most one boundary for a flash', () => {
    expect(detect([...repeat(20, 10), 250, ...repeat(20, 10)], 10)).toHaveLength(1);
  });

  it('uses the difference alone for sparse thumbnails', () => {
    const grays = [20, 25, 80, 75, 140, 20];

    expect(detect(grays, 0.1, 'sparse')).toEqual([20, 40, 50]);
  });

  it('reports the difference at a boundary', () => {
    const detector = createShotBoundaryDetector('sparse');
    detector.add({ seconds: 0, data: new Uint8Array([0, 0]) });
    detector.add({ seconds: 5, data: new Uint8Array([255, 0]) });

    expect(detector.finish()).toEqual([{ seconds: 5, difference: 0.5 }]);
  });

  it('reports no boundary for one thumbnail or none', () => {
    expect(detect([], 1)).toEqual([]);
    expect(detect([7], 1)).toEqual([]);
  });
});
