import type { ImageReport } from '../service/api-types.js';
import { toRunReport } from './caption-report.js';
import { type CaptionRun, createRun } from './caption-run.js';

const USAGE = { prompt_tokens: 900, image_tokens: 1184, cached_tokens: 0, completion_tokens: 40 };
const PROGRAMME = { kind: 'video', width: 240, height: 180, duration_seconds: 5 } as const;
const PICTURE: ImageReport = {
  ...{ kind: 'image', width: 320, height: 240, tiles: 1, grid: null },
  ...{ detail: 'auto', visual_tokens: 49 },
};

const segment = (start: number, frames: readonly number[]): CaptionRun['parts'][number] => ({
  range: { start, end: start + 2.5 },
  texts: {},
  frames,
});

describe('toRunReport', () => {
  it('is nothing before the service has seen the file', () => {
    const request = { of: 'picture', languages: ['ca'], kind: 'caption', detail: 'auto' } as const;
    const run = createRun('fox.png', request);
    expect(toRunReport(run)).toBeNull();
    expect(toRunReport({ ...run, media: PICTURE })).toEqual({
      ...{ media: PICTURE, usage: null, timings: null },
    });
  });

  it('puts the segments of a clip together, with the tokens of one of them', () => {
    const cut = { by: 'shot' } as const;
    const run: CaptionRun = {
      ...createRun('shots.mp4', { of: 'segments', languages: ['ca', 'eu'], cut, frames: 4 }),
      media: PROGRAMME,
      parts: [segment(0, [0, 1, 2]), segment(2.5, [3, 4])],
    };
    expect(toRunReport(run)).toBeNull();
    expect(toRunReport({ ...run, usage: USAGE })).toMatchObject({
      media: {
        ...{ kind: 'video', duration_seconds: 5, frames: [0, 1, 2, 3, 4], frames_wished: 8 },
        visual_tokens: 296,
      },
      usage: null,
    });
  });
});
