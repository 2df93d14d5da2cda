import { timecodeAt } from './timecode.js';

const NTSC = 30_000 / 1_001;

describe('timecodeAt', () => {
  it.each([
    ['10:00:00:00', 25, 0, '10:00:00:00'],
    ['10:00:00:00', 25, 62.04, '10:01:02:01'],
    ['23:59:59:24', 25, 0.04, '00:00:00:00'],
    ['01:00:00:00', NTSC, 1.001, '01:00:01:00'],
    // One real hour of 29.97 frames per second is one hour of drop-frame timecode, to 4 ms.
    ['00:00:00;00', NTSC, 3_600, '01:00:00;00'],
    ['00:00:59;29', NTSC, 1 / NTSC, '00:01:00;02'],
    ['00:09:59;29', NTSC, 1 / NTSC, '00:10:00;00'],
    ['00:00:59;59', 2 * NTSC, 1 / (2 * NTSC), '00:01:00;04'],
  ])('%s at %d frames per second, %d s later', (first, frameRate, seconds, expected) => {
    expect(timecodeAt({ first, frameRate }, seconds)).toBe(expected);
  });
});
