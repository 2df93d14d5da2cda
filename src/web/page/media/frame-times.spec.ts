import { evenTimes, formatTime } from './frame-times.js';

describe('evenTimes', () => {
  it('starts at 0 with equal steps', () => {
    expect(evenTimes(4, 8)).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]);
  });

  it.each([Infinity, NaN, 0])('is empty for a duration of %d', (duration) => {
    expect(evenTimes(duration, 8)).toEqual([]);
  });
});

describe('formatTime', () => {
  it.each([
    [0, '0:00.0'],
    [2.5, '0:02.5'],
    [59.96, '1:00.0'],
    [75.04, '1:15.0'],
    [3599.95, '1:00:00.0'],
    [3725.25, '1:02:05.3'],
  ])('formats %d as %s', (seconds, text) => {
    expect(formatTime(seconds)).toBe(text);
  });
});
