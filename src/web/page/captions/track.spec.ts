import type { VideoReport } from '../service/api-types.js';
import type { CaptionRequest } from './caption-request.js';
import { type CaptionRun, createRun } from './caption-run.js';
import { toTrack, trackName } from './track.js';

const CATALAN = { code: 'ca', name: 'català', english_name: 'Catalan' };
const HEADER = 'WEBVTT\nKind: descriptions\nLanguage: ca\n\nNOTE Written by the model demo\n';
const CLIP: CaptionRequest = { of: 'clip', languages: ['ca'], kind: 'caption', frames: 8 };
const SHOTS: CaptionRequest = {
  ...{ of: 'segments', languages: ['ca', 'eu'], cut: { by: 'shot' }, frames: 8 },
};
const REPORT: VideoReport = {
  ...{ kind: 'video', width: 240, height: 180, duration_seconds: 7.5 },
  ...{ frames: [0, 3, 6.9], frames_wished: 3, visual_tokens: 147 },
};

const runOf = (request: CaptionRequest, parts: CaptionRun['parts']): CaptionRun => ({
  ...createRun('three.shots.mp4', request),
  ...{ model: 'demo', media: REPORT, parts },
});
const whole = (text: string): CaptionRun['parts'] => [
  { range: null, texts: { ca: { text, ending: 'stop' } }, frames: [] },
];

describe('toTrack', () => {
  it('is one cue for a whole clip, as long as the clip', () => {
    expect(toTrack(runOf(CLIP, whole('Un autobús <va>.')), CATALAN)).toBe(
      `${HEADER}\n00:00:00.000 --> 00:00:07.500\nUn autobús &lt;va&gt;.\n`,
    );
  });

  it('ends with the last frame where the clip does not say how long it is', () => {
    const run = runOf(CLIP, whole('Un autobús.'));
    const track = toTrack({ ...run, media: { ...REPORT, duration_seconds: null } }, CATALAN);
    expect(track).toContain('00:00:00.000 --> 00:00:06.900\n');
  });

  it('is a cue for each finished segment that has a text in the language', () => {
    const parts: CaptionRun['parts'] = [
      {
        range: { start: 0, end: 2.5 },
        texts: { ca: { text: 'Un autobús.', ending: 'whole' } },
        frames: [],
      },
      {
        range: { start: 2.5, end: 5 },
        texts: { eu: { text: 'Globoa.', ending: 'whole' } },
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

  it('is nothing for a picture, and nothing where nothing was written', () => {
    const picture = { of: 'picture', languages: ['ca'], kind: 'caption', detail: 'low' } as const;
    expect(toTrack(runOf(picture, whole('Una guineu.')), CATALAN)).toBeNull();
    expect(toTrack(runOf(CLIP, []), CATALAN)).toBeNull();
  });
});

describe('trackName', () => {
  it('has the language before the ending', () => {
    expect(trackName(runOf(CLIP, []), CATALAN)).toBe('three.shots.ca.vtt');
  });
});
