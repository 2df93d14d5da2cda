import {
  clampToDuration,
  countRequestedFrames,
  uniformTimes,
  timesWithinShots,
} from './frame-sampling.js';

const span = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });

describe('clampToDuration', () => {
  it.each([
    [undefined, 10, span(0, 10)],
    [{ startSeconds: 2, endSeconds: 4 }, 10, span(2, 4)],
    [{ startSeconds: 2, endSeconds: null }, 10, span(2, 10)],
    [{ startSeconds: 2, endSeconds: 400 }, 10, span(2, 10)],
    [{ startSeconds: 10, endSeconds: null }, 10, null],
    [{ startSeconds: 4, endSeconds: 4 }, 10, null],
  ])('clamps %j to a video of %d s', (range, duration, expected) => {
    expect(clampToDuration(range, duration)).toEqual(expected);
  });
});

describe('countRequestedFrames', () => {
  it.each([
    [{ count: 7 }, 7],
    [{ perSecond: 1 }, 4],
    [{ perSecond: 0.1 }, 1],
    [{ perSecond: 1 / 4.5 }, 1],
    [{ perSecond: 10 / 4.5 }, 10],
  ])('counts %j in 4.5 s as %d', (frames, expected) => {
    expect(countRequestedFrames(frames, span(1, 5.5))).toBe(expected);
  });
});

describe('uniformTimes', () => {
  it('returns the start of each interval', () => {
    expect(uniformTimes(span(2, 6), 4)).toEqual([2, 3, 4, 5]);
  });
});

describe('timesWithinShots', () => {
  const shots = [span(0, 1), span(1, 10), span(10, 12)];

  it('samples every shot in its middle', () => {
    expect(timesWithinShots(shots, 3)).toEqual([0.5, 5.5, 11]);
  });

  it('gives further frames to the shot with the most seconds per frame', () => {
    expect(timesWithinShots(shots, 5)).toEqual([0.5, 2.5, 5.5, 8.5, 11]);
  });

  it('prefers the longest shots if there are fewer frames than shots', () => {
    expect(timesWithinShots(shots, 1)).toEqual([5.5]);
    expect(timesWithinShots([span(0, 0.25), span(0.25, 0.75)], 1)).toEqual([0.5]);
  });
});
