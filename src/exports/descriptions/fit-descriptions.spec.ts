import { createRandom } from '../../decoder/sampling/random.js';
import { LANGUAGE_CODES } from '../../language/languages.js';
import { fitDescriptions } from './fit-descriptions.js';
import { parseSubtitles, type TimeSpan } from './parse-subtitles.js';
import { speechSeconds, wordsPerSecond } from './speech-rate.js';

const span = (startSeconds: number, endSeconds: number): TimeSpan => ({ startSeconds, endSeconds });
const describeShot = (shot: TimeSpan, text: string, language = 'en') => ({ language, text, shot });
/** Two seconds in English. */
const FIVE_WORDS = 'A dog runs and barks.';

describe('parseSubtitles', () => {
  it('reads WebVTT and SubRip, and joins cues that overlap', () => {
    const vtt =
      'WEBVTT\n\nNOTE 00:00 none\n\nid\n00:03.000 --> 00:05.000 line:0\nHi\n\n00:01.000 --> 00:03.500\nA --> b';
    const srt = '1\r\n01:00:00,500 --> 01:00:01,250\r\nHi\r\n';

    expect(parseSubtitles(vtt)).toEqual([span(1, 5)]);
    expect(parseSubtitles(srt)).toEqual([span(3_600.5, 3_601.25)]);
    expect(() => parseSubtitles('WEBVTT\n')).toThrow('no cue');
  });
});

describe('speechSeconds', () => {
  it('counts words by the language, and long words by their characters', () => {
    expect(speechSeconds(FIVE_WORDS, 'en')).toBe(2);
    expect(speechSeconds(FIVE_WORDS, 'fi')).toBeCloseTo(5 / 1.7);
    expect(speechSeconds('Donaudampfschifffahrtsgesellschaft – ', 'de')).toBeCloseTo(36 / 15);
  });

  it('knows all languages', () => {
    expect(LANGUAGE_CODES.filter((code) => wordsPerSecond(code) === 2)).toEqual([
      'hu',
      'lt',
      'lv',
      'pl',
    ]);
  });
});

describe('fitDescriptions', () => {
  it('begins with the shot if nothing is said', () => {
    const [fitted] = fitDescriptions([describeShot(span(10, 20), FIVE_WORDS)], [], 60);

    expect(fitted).toMatchObject({ spoken: span(10, 12) });
  });

  it('waits for the end of the dialogue, and keeps the margins', () => {
    const [fitted] = fitDescriptions(
      [describeShot(span(10, 20), FIVE_WORDS)],
      [span(9, 11), span(13.5, 16)],
      60,
    );

    expect(fitted).toMatchObject({ spoken: span(11.25, 13.25) });
  });

  it('begins up to 2 s before the shot, and no earlier', () => {
    const shot = describeShot(span(10, 12), FIVE_WORDS);

    expect(fitDescriptions([shot], [span(10.25, 30)], 60)).toMatchObject([{ spoken: span(8, 10) }]);
    expect(fitDescriptions([shot], [span(10, 30)], 60)).toMatchObject([
      {
        reason:
          'The text takes 2.0 s, and the longest gap near the shot has 1.8 s. Shorten it to 4 words.',
      },
    ]);
  });

  it('does not speak in gaps of less than 1.2 s', () => {
    const shot = describeShot(span(0, 20), 'Yes.');

    expect(fitDescriptions([shot], [span(0, 10), span(11.1, 40)], 40)).toMatchObject([
      { reason: 'There is no gap in the dialogue near the shot.' },
    ]);
    expect(fitDescriptions([shot], [span(0, 10), span(11.3, 40)], 40)).toMatchObject([
      { spoken: { startSeconds: 10.25 } },
    ]);
  });

  it('never speaks over dialogue or another description, far from the shot or over the end', () => {
    const random = createRandom(7);
    for (let round = 0; round < 60; round += 1) {
      const duration = 20 + random() * 100;
      const dialogue = parseSubtitles(
        Array.from({ length: 1 + Math.floor(random() * 20) }, () => {
          const start = random() * duration;
          return `${time(start)} --> ${time(start + 0.1 + random() * 6)}`;
        }).join('\n'),
      );
      const shots = Array.from({ length: 12 }, (_, index) =>
        describeShot(
          span((index * duration) / 12, ((index + 1) * duration) / 12),
          'word '.repeat(1 + Math.floor(random() * 15)),
          LANGUAGE_CODES[Math.floor(random() * LANGUAGE_CODES.length)],
        ),
      );

      const fitted = fitDescriptions(shots, dialogue, duration);

      expect(fitted).toHaveLength(shots.length);
      let free = 0;
      for (const each of fitted) {
        if (!('spoken' in each)) continue;
        const { spoken, description } = each;
        const { startSeconds: start, endSeconds: end } = spoken;
        for (const said of dialogue) {
          const isApart = end <= said.startSeconds - 0.249 || start >= said.endSeconds + 0.249;
          expect(isApart).toBe(true);
        }
        expect(start).toBeGreaterThanOrEqual(free);
        expect(start).toBeGreaterThanOrEqual(description.shot.startSeconds - 2);
        expect(start).toBeLessThanOrEqual(description.shot.endSeconds + 2);
        expect(end).toBeLessThanOrEqual(duration + 1e-9);
        expect(end - start).toBeCloseTo(speechSeconds(description.text, description.language));
        free = end;
      }
    }
  });
});

function time(seconds: number): string {
  const ms = Math.round(seconds * 1_000);
  const pad = (value: number, digits = 2) => String(Math.floor(value)).padStart(digits, '0');
  return `${pad(ms / 3_600_000)}:${pad((ms / 60_000) % 60)}:${pad((ms / 1_000) % 60)}.${pad(ms % 1_000, 3)}`;
}
