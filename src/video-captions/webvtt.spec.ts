import { parseWebVtt } from '../../test/http/parse-webvtt.js';
import { resolveLanguage } from '../language/languages.js';
import { type Cue, formatWebVtt } from './webvtt.js';

const track = (cues: (Omit<Cue, 'timecodes'> & Partial<Cue>)[]) =>
  formatWebVtt({
    language: resolveLanguage('ca'),
    model: 'demo',
    cues: cues.map((cue) => ({ timecodes: null, ...cue })),
    missing: [],
  });

it('formats a track of descriptions', () => {
  const cues = [
    { startSeconds: 0, endSeconds: 2.5, text: 'Un gos.' },
    { startSeconds: 3599.9996, endSeconds: 360_000.001, text: 'Un gat.' },
  ];

  expect(track(cues)).toBe(
    'WEBVTT\nKind: descriptions\nLanguage: ca\n\n' +
      'NOTE Written by the model demo\n\n' +
      '00:00:00.000 --> 00:00:02.500\nUn gos.\n\n' +
      '01:00:00.000 --> 100:00:00.001\nUn gat.\n',
  );
});

it.each([
  ['markup', '<b>R&D</b> &lt;', '&lt;b&gt;R&amp;D&lt;/b&gt; &amp;lt;'],
  ['an arrow', '00:00 --> 00:01', '00:00 --&gt; 00:01'],
  ['blank lines', 'one\n\n\n two \r\n\r\nthree\r', 'one\ntwo\nthree'],
  ['a null character', 'a\0b', 'a\ufffdb'],
])('keeps %s inside its cue', (_, text, written) => {
  const file = track([{ startSeconds: 0, endSeconds: 1, text }]);

  expect(file).toContain(`00:00:01.000\n${written}\n`);
  expect(parseWebVtt(file).cues).toHaveLength(1);
});

it('gives a cue at least 1 ms after rounding', () => {
  expect(track([{ startSeconds: 1.0001, endSeconds: 1.0002, text: 'x' }])).toContain(
    '00:00:01.000 --> 00:00:01.001\n',
  );
});

it('omits cues without text', () => {
  expect(track([{ startSeconds: 0, endSeconds: 1, text: ' \n ' }])).toBe(
    'WEBVTT\nKind: descriptions\nLanguage: ca\n\nNOTE Written by the model demo\n',
  );
});

it('notes time ranges without a caption', () => {
  const missing = [{ startSeconds: 10, endSeconds: 20.5, code: 'MEDIA_CORRUPT' }];
  const file = formatWebVtt({ language: resolveLanguage('ca'), model: 'demo', cues: [], missing });

  expect(file).toContain(
    '\n\nNOTE Without a caption (MEDIA_CORRUPT): 00:00:10.000 to 00:00:20.500\n',
  );
});

it('offers timecodes as identifiers of cues', () => {
  const timecodes = { start: '10:00:00:00', end: '10:00:02:12' };
  const file = track([{ startSeconds: 0, endSeconds: 2.5, text: 'Un gos.', timecodes }]);

  expect(file).toContain('\n10:00:00:00 to 10:00:02:12\n00:00:00.000 --> 00:00:02.500\nUn gos.');
});
