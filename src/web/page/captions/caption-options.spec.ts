import { DEFAULT_OPTIONS, FRAMES, isCaptionOptions, isWithin } from './caption-options.js';

describe('isCaptionOptions', () => {
  it('accepts stored options', () => {
    const stored: unknown = JSON.parse(JSON.stringify(DEFAULT_OPTIONS));
    expect(isCaptionOptions(stored)).toBe(true);
  });

  it.each([
    null,
    'caption',
    {},
    { ...DEFAULT_OPTIONS, kind: 'poem' },
    { ...DEFAULT_OPTIONS, granularity: 'frame' },
    { ...DEFAULT_OPTIONS, frames: 2.5 },
    { ...DEFAULT_OPTIONS, frames: 65 },
    { ...DEFAULT_OPTIONS, intervalSeconds: 0 },
    { ...DEFAULT_OPTIONS, intervalSeconds: '10' },
  ])('rejects %j', (stored) => {
    expect(isCaptionOptions(stored)).toBe(false);
  });
});

describe('isWithin', () => {
  it('includes both ends of the range', () => {
    expect([0, 1, 64, 65].map((frames) => isWithin(FRAMES, frames))).toEqual([
      ...[false, true, true, false],
    ]);
    expect(isWithin(FRAMES, Number.NaN)).toBe(false);
  });
});
