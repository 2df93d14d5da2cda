import type { CaptionRequest } from './caption-request.js';
import {
  applyEvent,
  type CaptionRun,
  createRun,
  hasText,
  isRunning,
  remainingRequest,
  rewindRun,
  shownLanguages,
  shownRun,
} from './caption-run.js';

const IMAGE: CaptionRequest = {
  of: 'image',
  languages: ['ca', 'eu'],
  kind: 'caption',
  detail: 'auto',
};
const SHOTS: CaptionRequest = {
  of: 'segments',
  languages: ['ca', 'eu'],
  segmentation: { by: 'shot' },
  frames: 8,
};

type Event = readonly [name: string, data: unknown];

const runWith = (request: CaptionRequest, events: readonly Event[]): CaptionRun =>
  events.reduce((run, [name, data]) => applyEvent(run, name, data), createRun('a.png', request));

const delta = (language: string, text: string, start?: number): Event => [
  'text-delta',
  { language, kind: 'caption', text, ...(start !== undefined && { start }) },
];
const usage = (prompt_tokens: number) => ({
  prompt_tokens,
  image_tokens: 49,
  cached_tokens: 0,
  completion_tokens: 5,
});
const caption = (language: string, text: string, prompt_tokens = 70): Event => [
  'caption',
  { language, kind: 'caption', text, finish_reason: 'stop', usage: usage(prompt_tokens) },
];
const DONE: Event = ['done', { timings: { total_ms: 12 } }];

describe('a run of an image', () => {
  it('starts queued and without text', () => {
    const run = createRun('a.png', IMAGE);
    expect(isRunning(run)).toBe(true);
    expect(hasText(run)).toBe(false);
  });

  it('collects deltas by language and replaces them with the finished text', () => {
    const run = runWith(IMAGE, [
      delta('ca', 'Una '),
      delta('ca', 'guineu'),
      caption('ca', 'Una guineu.'),
      delta('eu', 'Azeri'),
    ]);
    expect(run.phase).toEqual({ name: 'writing' });
    expect(run.parts).toEqual([
      {
        range: null,
        texts: {
          ca: { text: 'Una guineu.', ending: 'stop' },
          eu: { text: 'Azeri', ending: null },
        },
        frames: [],
      },
    ]);
  });

  it('keeps the usage and the language of the text with the most tokens', () => {
    const events = [caption('ca', 'a', 90), caption('eu', 'b', 80), ['usage', usage(170)] as const];
    expect(runWith(IMAGE, events)).toMatchObject({ usage: usage(90), usageLanguage: 'ca' });
    expect(runWith(IMAGE, events.toReversed())).toMatchObject({
      ...{ usage: usage(90), usageLanguage: 'ca' },
    });
  });

  it('records model, media report and timings', () => {
    const media = { kind: 'image', width: 320, height: 240 };
    const run = runWith(IMAGE, [['media', { id: 'cap_1', model: 'demo', media }], DONE]);
    expect(run).toMatchObject({ model: 'demo', media, timings: { total_ms: 12 } });
    expect(isRunning(run)).toBe(false);
  });

  it('ignores unknown events', () => {
    const run = runWith(IMAGE, [delta('ca', 'Una')]);
    expect(applyEvent(run, 'applause', { loud: true })).toBe(run);
  });
});

describe('a run of a segmented video', () => {
  const FIRST = { start: 0, end: 2.5, texts: { ca: 'Un autobús.', eu: 'Autobusa.' }, frames: [0] };

  it('assigns deltas to the current segment although its start is rounded later', () => {
    const run = runWith(SHOTS, [
      delta('ca', 'Un autobús', 0),
      ['segment', FIRST],
      delta('ca', 'Un', 2.50249),
      delta('ca', ' globus', 2.50249),
    ]);
    expect(run.parts).toEqual([
      {
        range: { start: 0, end: 2.5 },
        texts: {
          ca: { text: 'Un autobús.', ending: 'complete' },
          eu: { text: 'Autobusa.', ending: 'complete' },
        },
        frames: [0],
      },
      {
        range: { start: 2.50249, end: null },
        texts: { ca: { text: 'Un globus', ending: null } },
        frames: [],
      },
    ]);
  });

  it('accepts a segment without deltas', () => {
    const run = runWith(SHOTS, [
      ['segment', FIRST],
      ['segment', { ...FIRST, start: 2.5, end: 5 }],
    ]);
    expect(run.parts.map(({ range }) => range)).toEqual([
      { start: 0, end: 2.5 },
      { start: 2.5, end: 5 },
    ]);
  });

  it('keeps the segments around one without captions, and discards the text of a restarted one', () => {
    const missing = {
      ...{ start: 2.5, end: 5, code: 'MEDIA_CORRUPT', detail: 'Damaged.', retryable: false },
    };
    const run = runWith(SHOTS, [
      ['segment', FIRST],
      delta('ca', 'Un', 2.5),
      ['missing', missing],
      delta('ca', 'Mig', 5),
      ['restart', { start: 5 }],
      delta('ca', 'Un', 5),
    ]);
    expect(run.parts.slice(1)).toEqual([
      { range: { start: 2.5, end: 5 }, texts: {}, frames: [], error: missing },
      { range: { start: 5, end: null }, texts: { ca: { text: 'Un', ending: null } }, frames: [] },
    ]);
  });

  it('keeps the usage of all its texts', () => {
    expect(runWith(SHOTS, [['usage', usage(700)]]).usage).toEqual(usage(700));
  });

  it('starts from the first segment after a failure', () => {
    const run = runWith(SHOTS, [['segment', FIRST]]);
    expect(remainingRequest(run)).toBe(SHOTS);
    expect(rewindRun(run).parts).toEqual([]);
  });
});

describe('the remaining request of an image run', () => {
  const broken = runWith(IMAGE, [caption('ca', 'Una guineu.'), delta('eu', 'Az')]);

  it('has the languages without a finished text', () => {
    expect(remainingRequest(broken)).toEqual({ ...IMAGE, languages: ['eu'] });
  });

  it('keeps the finished texts only', () => {
    const again = rewindRun({ ...broken, phase: { name: 'failed', error: new Error('cut') } });
    expect(isRunning(again)).toBe(true);
    expect(again.parts[0]?.texts).toEqual({ ca: { text: 'Una guineu.', ending: 'stop' } });
  });

  it('is empty if only the end of the stream was lost', () => {
    const run = runWith(IMAGE, [caption('ca', 'Una guineu.'), caption('eu', 'Azeria.')]);
    expect(rewindRun(run).phase).toEqual({ name: 'done' });
  });
});

describe('the shown run', () => {
  const good = runWith(IMAGE, [caption('ca', 'Una guineu.'), caption('eu', 'Azeria.'), DONE]);
  const failed = { name: 'failed', error: new Error('cut') } as const;

  it('shows all languages while active, afterwards those with a text', () => {
    const run = runWith(IMAGE, [caption('ca', 'Una guineu.')]);
    expect(shownLanguages(run)).toEqual(['ca', 'eu']);
    expect(shownLanguages({ ...run, phase: { name: 'stopped' } })).toEqual(['ca']);
  });

  it('is the earlier run if the new one ended without text', () => {
    const next = createRun('a.png', SHOTS, good);
    expect(shownRun(next)).toBe(next);
    expect(shownRun({ ...next, phase: failed })).toEqual(good);
  });

  it('is the failed run once it has text', () => {
    const next = applyEvent(createRun('a.png', IMAGE, good), ...delta('ca', 'Un'));
    expect(shownRun({ ...next, phase: failed }).parts[0]?.texts).toEqual({
      ca: { text: 'Un', ending: null },
    });
  });

  it('is the last run with text after several without', () => {
    const withoutText = { ...createRun('a.png', SHOTS, good), phase: failed };
    const again = createRun('a.png', SHOTS, withoutText);
    expect(again.earlier).toEqual(good);
    expect(again.earlier?.earlier).toBeNull();
  });
});
