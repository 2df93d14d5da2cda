import { parseNumber, parseSampling } from './media-options.js';

const INVALID = expect.objectContaining({ code: 'INVALID_PARAMETER' }) as Error;

describe('parseSampling', () => {
  it('defaults to eight frames of the whole video', () => {
    expect(parseSampling({ sampling: 'uniform' })).toEqual({
      mode: 'uniform',
      frames: { count: 8 },
    });
  });

  it('parses frame rate, sampling mode and range', () => {
    const options = { fps: '0.5', start: '1:30', end: '00:02:00.25', sampling: 'scene' as const };
    expect(parseSampling(options)).toEqual({
      mode: 'scene',
      frames: { perSecond: 0.5 },
      range: { startSeconds: 90, endSeconds: 120.25 },
    });
  });

  it.each([
    ['90', 90],
    ['90.5', 90.5],
    ['0', 0],
    ['01:02:03', 3_723],
    ['2:03.5', 123.5],
    ['59:59', 3_599],
  ])('parses the time %s', (start, startSeconds) => {
    expect(parseSampling({ start, sampling: 'uniform' }).range).toEqual({
      startSeconds,
      endSeconds: null,
    });
  });

  it.each([
    { frames: '8', fps: '1' },
    { frames: '0' },
    { frames: '65' },
    { frames: '1.5' },
    { fps: '0' },
    { fps: '61' },
    { fps: '-1' },
    { start: '' },
    { start: '1:60' },
    { start: '-1' },
    { start: '1e3' },
    { start: '99:00:00' },
    { start: '5', end: '5' },
    { end: '0' },
  ])('rejects %j', (options) => {
    expect(() => parseSampling({ ...options, sampling: 'uniform' })).toThrow(INVALID);
  });
});

describe('parseNumber', () => {
  it('enforces its bounds', () => {
    expect(parseNumber('--x', '2.5', 0, 2.5)).toBe(2.5);
    expect(() => parseNumber('--x', '2.6', 0, 2.5)).toThrow(INVALID);
    expect(() => parseNumber('--x', 'two', 0, 2.5)).toThrow(INVALID);
  });
});
