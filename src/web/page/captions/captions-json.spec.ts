import { type CaptionRun, createRun } from './caption-run.js';
import { formatCaptionsJson } from './captions-json.js';

const FOX: CaptionRun = {
  ...createRun('fox.png', {
    ...{ of: 'image', languages: ['eu', 'ca', 'es'], kind: 'alt', detail: 'auto' },
  }),
  model: 'demo',
  parts: [
    {
      range: null,
      texts: {
        ca: { text: 'Una guineu "taronja".', ending: 'length' },
        eu: { text: 'Azeria', ending: null },
      },
      frames: [],
    },
  ],
};
const SHOTS: CaptionRun = {
  ...createRun('three-shots.mp4', {
    ...{
      of: 'segments',
      languages: ['ca'],
      segmentation: { by: 'interval', seconds: 5 },
      frames: 4,
    },
  }),
  model: 'demo',
  parts: [
    {
      range: { start: 0, end: 2.5 },
      texts: { ca: { text: 'Un autobús.', ending: 'complete' } },
      frames: [0, 1.2],
    },
    {
      range: { start: 2.5, end: null },
      texts: { ca: { text: 'Un glo', ending: null } },
      frames: [],
    },
  ],
};
const FOX_OBJECT = {
  file: 'fox.png',
  model: 'demo',
  kind: 'alt',
  captions: [
    { language: 'eu', text: 'Azeria', finish_reason: 'cancelled' },
    { language: 'ca', text: 'Una guineu "taronja".', finish_reason: 'length' },
  ],
};
const SHOTS_OBJECT = {
  file: 'three-shots.mp4',
  model: 'demo',
  kind: 'caption',
  granularity: 'interval',
  interval_seconds: 5,
  segments: [
    { start: 0, end: 2.5, texts: { ca: 'Un autobús.' }, frames: [0, 1.2] },
    { start: 2.5, end: null, texts: { ca: 'Un glo' }, frames: [] },
  ],
  missing: [],
};

const parse = (json: string): unknown => JSON.parse(json);

describe('formatCaptionsJson', () => {
  it('lists the captions of an image in the order of the languages, with finish reasons', () => {
    expect(parse(formatCaptionsJson([FOX]))).toEqual(FOX_OBJECT);
  });

  it('lists the segments of a video with their times', () => {
    expect(parse(formatCaptionsJson([SHOTS]))).toEqual(SHOTS_OBJECT);
  });

  it('returns an array for several files', () => {
    expect(parse(formatCaptionsJson([FOX, SHOTS]))).toEqual([FOX_OBJECT, SHOTS_OBJECT]);
  });
});
