import type { VideoReport } from '../service/api-types.js';
import type { CaptionRequest } from './caption-request.js';
import { type CaptionRun, createRun } from './caption-run.js';
import { toTrack, trackName } from './webvtt-track.js';

const CATALAN = { code: 'ca', name: 'català', english_name: 'Catalan' };
const HEADER = 'WEBVTT\nKind: descriptions\nLanguage: ca\n\nNOTE Written by the model demo\n';
const WHOLE: CaptionRequest = { of: 'video', languages: ['ca'], kind: 'caption', frames: 8 };
const SHOTS: CaptionRequest = {
  ...{ of: 'segments', languages: ['ca', 'eu'], segmentation: { by: 'shot' }, frames: 8 },
};
const REPORT: VideoReport = {
  ...{ kind: 'video', width: 240, height: 180, duration_seconds: 7.5 },
  ...{ frames: [0, 3, 6.9], frames_requested: 3, visual_tokens: 147 },
};

const runOf = (request: CaptionRequest, parts: CaptionRun['parts']): CaptionRun => ({
  ...createRun('three.shots.mp4', request),
  ...{ model: 'demo', media: REPORT, parts },
});
const whole = (text: string): CaptionRun['parts'] => [
  { range: null, texts: { ca: { text, ending: 'stop' } }, frames: [] },
];

describe('toTrack', () => {
  it('has one cue for a whole video, with its duration', () => {
    expect(toTrack(runOf(WHOLE, whole('Un autobús <va>.')), CATALAN)).toBe(
      `${HEADER}\n00:00:00.000 --> 00:00:07.500\nUn autobús &lt;va&gt;.\n`,
    );
  });

  it('ends at the last sampled frame if the video declares no duration', () => {
    const run = runOf(WHOLE, whole('Un autobús.'));
    const track = toTrack({ ...run, media: { ...REPORT, duration_seconds: null } }, CATALAN);
    expect(track).toContain('00:00:00.000 --> 00:00:06.900\n');
  });

  it('has a cue for each finished segment with a text in the language', () => {
    const parts: CaptionRun['parts'] = [
      {
        range: { start: 0, end: 2.5 },
        texts: { ca: { text: 'Un autobús.', ending: 'complete' } },
        frames: [],
      },
      {
        range: { start: 2.5, end: 5 },
        texts: { eu: { text: 'Globoa.', ending: 'complete' } },
        frames: [],
      },
      {
        range: { start: 5, end: null },
        texts: { ca: { text: 'Una tor', ending: null } },
        frames: [],
      },
    ];
    expect(toTrack(runOf(SHOTS, parts), CATALAN)).toBe(
      `${HEADER}\n00:00:00.000 --> 00:00:02.500\nUn autobús.\n`,
    );
  });

  it('is null for an image and for a run without text', () => {
    const image = { of: 'image', languages: ['ca'], kind: 'caption', detail: 'low' } as const;
    expect(toTrack(runOf(image, whole('Una guineu.')), CATALAN)).toBeNull();
    expect(toTrack(runOf(WHOLE, []), CATALAN)).toBeNull();
  });
});

describe('trackName', () => {
  it('inserts the language code before the extension', () => {
    expect(trackName(runOf(WHOLE, []), CATALAN)).toBe('three.shots.ca.vtt');
  });
});
