import { type Curve, fitCurve, fitLine, predictMs, type Timing } from './speed-model.js';

const at = (curve: Curve, counts: readonly number[]): Timing[] =>
  counts.map((count) => ({ count, ms: predictMs(curve, count) }));

describe('fitCurve', () => {
  it('finds the curve that three timings lie on', () => {
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
    // The longest says most about what is longer still.
    expect(predictMs(fitted, 200)).toBeCloseTo(c, 6);
  });
});

describe('fitLine', () => {
  it('finds the line through two timings', () => {
    expect(fitLine({ count: 1, ms: 12 }, { count: 4, ms: 42 })).toEqual({
      fixed: 2,
      linear: 10,
      square: 0,
    });
  });

  it('goes through the origin where it would begin below it', () => {
    const fitted = fitLine({ count: 1, ms: 5 }, { count: 4, ms: 44 });

    expect(fitted).toEqual({ fixed: 0, linear: 11, square: 0 });
  });

  it('is level where more took less', () => {
    expect(fitLine({ count: 1, ms: 20 }, { count: 4, ms: 10 })).toEqual({
      fixed: 20,
      linear: 0,
      square: 0,
    });
  });
});
