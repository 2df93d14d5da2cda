import type { CaptionRequest } from './caption-request.js';
import {
  applyEvent,
  type CaptionRun,
  createRun,
  hasText,
  isUnderWay,
  remainingRequest,
  rewindRun,
  shownLanguages,
  shownRun,
} from './caption-run.js';

const PICTURE: CaptionRequest = {
  of: 'picture',
  languages: ['ca', 'eu'],
  kind: 'caption',
  detail: 'auto',
};
const SHOTS: CaptionRequest = {
  of: 'segments',
  languages: ['ca', 'eu'],
  cut: { by: 'shot' },
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

describe('a run about a picture', () => {
  it('begins in its turn, with nothing', () => {
    const run = createRun('a.png', PICTURE);
    expect(isUnderWay(run)).toBe(true);
    expect(hasText(run)).toBe(false);
  });

  it('collects deltas by language until the finished text takes their place', () => {
    const run = runWith(PICTURE, [
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

  it('keeps the usage of the text that took most', () => {
    const events = [caption('ca', 'a', 90), caption('eu', 'b', 80), ['usage', usage(170)] as const];
    expect(runWith(PICTURE, events).usage).toEqual(usage(90));
  });

  it('knows its model, what was seen and how long it took', () => {
    const media = { kind: 'image', width: 320, height: 240 };
    const run = runWith(PICTURE, [['media', { id: 'cap_1', model: 'demo', media }], DONE]);
    expect(run).toMatchObject({ model: 'demo', media, timings: { total_ms: 12 } });
    expect(isUnderWay(run)).toBe(false);
  });

  it('takes no notice of events of another version', () => {
    const run = runWith(PICTURE, [delta('ca', 'Una')]);
    expect(applyEvent(run, 'applause', { loud: true })).toBe(run);
  });
});

describe('a run by shots', () => {
  const FIRST = { start: 0, end: 2.5, texts: { ca: 'Un autobús.', eu: 'Autobusa.' }, frames: [0] };

  it('finishes one segment after another, though their starts are rounded', () => {
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
          ca: { text: 'Un autobús.', ending: 'whole' },
          eu: { text: 'Autobusa.', ending: 'whole' },
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

  it('takes a segment that came without deltas', () => {
    const run = runWith(SHOTS, [
      ['segment', FIRST],
      ['segment', { ...FIRST, start: 2.5, end: 5 }],
    ]);
    expect(run.parts.map(({ range }) => range)).toEqual([
      { start: 0, end: 2.5 },
      { start: 2.5, end: 5 },
    ]);
  });

  it('keeps the sum of what its texts took', () => {
    expect(runWith(SHOTS, [['usage', usage(700)]]).usage).toEqual(usage(700));
  });

  it('begins anew after a failure', () => {
    const run = runWith(SHOTS, [['segment', FIRST]]);
    expect(remainingRequest(run)).toBe(SHOTS);
    expect(rewindRun(run).parts).toEqual([]);
  });
});

describe('what remains of a run about a picture', () => {
  const broken = runWith(PICTURE, [caption('ca', 'Una guineu.'), delta('eu', 'Az')]);

  it('are the languages without a finished text', () => {
    expect(remainingRequest(broken)).toEqual({ ...PICTURE, languages: ['eu'] });
  });

  it('is asked for with the finished texts in place, and no other', () => {
    const again = rewindRun({ ...broken, phase: { name: 'failed', error: new Error('cut') } });
    expect(isUnderWay(again)).toBe(true);
    expect(again.parts[0]?.texts).toEqual({ ca: { text: 'Una guineu.', ending: 'stop' } });
  });

  it('is nothing when only the end of the stream was lost', () => {
    const run = runWith(PICTURE, [caption('ca', 'Una guineu.'), caption('eu', 'Azeria.')]);
    expect(rewindRun(run).phase).toEqual({ name: 'done' });
  });
});

describe('what is shown of a run', () => {
  const good = runWith(PICTURE, [caption('ca', 'Una guineu.'), caption('eu', 'Azeria.'), DONE]);
  const failed = { name: 'failed', error: new Error('cut') } as const;

  it('are all its languages while it is under way, and in the end those with a text', () => {
    const run = runWith(PICTURE, [caption('ca', 'Una guineu.')]);
    expect(shownLanguages(run)).toEqual(['ca', 'eu']);
    expect(shownLanguages({ ...run, phase: { name: 'stopped' } })).toEqual(['ca']);
  });

  it('is the one before where it ended in vain', () => {
    const next = createRun('a.png', SHOTS, good);
    expect(shownRun(next)).toBe(next);
    expect(shownRun({ ...next, phase: failed })).toEqual(good);
  });

  it('is itself once it has a text, though it failed', () => {
    const next = applyEvent(createRun('a.png', PICTURE, good), ...delta('ca', 'Un'));
    expect(shownRun({ ...next, phase: failed }).parts[0]?.texts).toEqual({
      ca: { text: 'Un', ending: null },
    });
  });

  it('reaches over several that ended in vain, and keeps one', () => {
    const vain = { ...createRun('a.png', SHOTS, good), phase: failed };
    const again = createRun('a.png', SHOTS, vain);
    expect(again.earlier).toEqual(good);
    expect(again.earlier?.earlier).toBeNull();
  });
});
