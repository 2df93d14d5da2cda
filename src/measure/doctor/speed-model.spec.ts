import { type Curve, fitCurve, fitLine, predictMs, type Timing } from './speed-model.js';

const at = (curve: Curve, counts: readonly number[]): Timing[] =>
  counts.map((count) => ({ count, ms: predictMs(curve, count) }));

describe('fitCurve', () => {
  it('fits a curve exactly through three timings', () => {
    const curve = { fixed: 5, linear: 0.5, square: 0.001 };
    const fitted = fitCurve(at(curve, [32, 256, 1024]) as [Timing, Timing, Timing]);

    expect(fitted.fixed).toBeCloseTo(5, 9);
    expect(fitted.linear).toBeCloseTo(0.5, 9);
    expect(fitted.square).toBeCloseTo(0.001, 12);
  });

  it.each<[string, [number, number, number]]>([
    ['bends down', [10, 100, 150]],
    ['falls', [50, 40, 45]],
    ['begins below zero', [0.1, 60, 300]],
    ['stands still', [7, 7, 7]],
  ])('never predicts less than nothing, or less for more, where noise %s', (_, [a, b, c]) => {
    const fitted = fitCurve([
      { count: 10, ms: a },
      { count: 100, ms: b },
      { count: 200, ms: c },
    ]);

    expect(Math.min(fitted.fixed, fitted.linear, fitted.square)).toBeGreaterThanOrEqual(0);
    // The longest prompts predict longer ones best.
    expect(predictMs(fitted, 200)).toBeCloseTo(c, 6);
  });
});

describe('fitLine', () => {
  it('fits a line through two timings', () => {
    expect(fitLine({ count: 1, ms: 12 }, { count: 4, ms: 42 })).toEqual({
      fixed: 2,
      linear: 10,
      square: 0,
    });
  });

  it('fits a line through the origin if `fixed` would be negative', () => {
    const fitted = fitLine({ count: 1, ms: 5 }, { count: 4, ms: 44 });

    expect(fitted).toEqual({ fixed: 0, linear: 11, square: 0 });
  });

  it('is constant if the larger count took less time', () => {
    expect(fitLine({ count: 1, ms: 20 }, { count: 4, ms: 10 })).toEqual({
      fixed: 20,
      linear: 0,
      square: 0,
    });
  });
});
