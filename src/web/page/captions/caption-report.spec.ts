import type { ImageReport } from '../service/api-types.js';
import { toRunReport } from './caption-report.js';
import { type CaptionRun, createRun } from './caption-run.js';

const USAGE = { prompt_tokens: 900, image_tokens: 1184, cached_tokens: 0, completion_tokens: 40 };
const SEGMENTED = { kind: 'video', width: 240, height: 180, duration_seconds: 5 } as const;
const IMAGE: ImageReport = {
  ...{ kind: 'image', width: 320, height: 240, tiles: 1, grid: null, blank: false },
  ...{ detail: 'auto', visual_tokens: 49 },
};

const segment = (start: number, frames: readonly number[]): CaptionRun['parts'][number] => ({
  range: { start, end: start + 2.5 },
  texts: {},
  frames,
});

describe('toRunReport', () => {
  it('is null before the service has decoded the file', () => {
    const request = { of: 'image', languages: ['ca'], kind: 'caption', detail: 'auto' } as const;
    const run = createRun('fox.png', request);
    expect(toRunReport(run)).toBeNull();
    expect(toRunReport({ ...run, media: IMAGE })).toEqual({
      ...{ media: IMAGE, usage: null, timings: null, subject: null },
    });
    expect(
      toRunReport({ ...run, media: IMAGE, usage: USAGE, usageLanguage: 'ca' })?.subject,
    ).toEqual({ of: 'text', language: 'ca', texts: 1 });
  });

  it('joins the segments of a video and averages their visual tokens', () => {
    const segmentation = { by: 'shot' } as const;
    const run: CaptionRun = {
      ...createRun('shots.mp4', {
        of: 'segments',
        languages: ['ca', 'eu'],
        segmentation,
        frames: 4,
      }),
      media: SEGMENTED,
      parts: [segment(0, [0, 1, 2]), segment(2.5, [3, 4])],
    };
    expect(toRunReport(run)).toBeNull();
    expect(toRunReport({ ...run, usage: USAGE })).toMatchObject({
      media: {
        ...{ kind: 'video', duration_seconds: 5, frames: [0, 1, 2, 3, 4], frames_requested: 8 },
        visual_tokens: 296,
      },
      usage: null,
      subject: { of: 'segment' },
    });
  });
});
