import { parse } from 'csv-parse/sync';

import {
  createClip,
  createContext,
  createEdited,
  createItem,
  createText,
  join,
  type TestContext,
} from '../../test/exports/export-fixture.js';
import { CSV } from './csv.js';

async function rowsOf(context: TestContext): Promise<Record<string, string>[]> {
  return parse(await join(CSV.write(context)), { columns: true, bom: true });
}

const ITEMS = [
  createItem('a.jpg', [createText('Un gat.'), createText('A cat.', { language: 'en' })], {
    record: { Signatura: 'AF-1', text: 'of the record' },
  }),
  createItem('b.jpg', [
    createEdited('Un gos.'),
    createText('Ocell', {
      kind: 'alt',
      review: 'rejected',
      author: 'N.',
      reviewedAt: 0,
      revisions: 2,
    }),
  ]),
];

it('begins with identifier and record, and has a row for each text', async () => {
  const text = await join(CSV.write(createContext(ITEMS)));

  expect(text.split('\r\n')[0]).toBe(
    'identifier,Signatura,record:text,language,kind,start,end,text,review,reviewed_by,reviewed_at,revision,machine_generated,model,model_revision,precision,flags,source,sha256,language_check',
  );
  expect(text.split('\r\n')[1]).toBe(
    'a.jpg,AF-1,of the record,ca,caption,,,Un gat.,unreviewed,,,v0-aa11bd30,true,demo,a1b2,int8,,/photos/a.jpg,ab,ok',
  );
  expect(text.split('\r\n')).toHaveLength(6);
});

it('tells who reviewed a text, and keeps rejected ones', async () => {
  const rows = await rowsOf(createContext(ITEMS));

  expect(rows[2]).toMatchObject({
    ...{
      text: 'Un gos.',
      review: 'edited',
      reviewed_by: 'Núria Ñ.',
      revision: expect.stringMatching(/^v1-[\da-f]{8}$/) as string,
    },
    ...{ reviewed_at: '2026-11-29T12:00:00.000Z', machine_generated: 'true' },
  });
  expect(rows[3]).toMatchObject({
    kind: 'alt',
    review: 'rejected',
    revision: expect.stringMatching(/^v2-[\da-f]{8}$/) as string,
  });
});

it('exports only what was chosen', async () => {
  const reviewed = createContext(ITEMS, { choice: { reviewedOnly: true } });
  const english = createContext(ITEMS, { choice: { reviewedOnly: false, languages: ['en'] } });

  expect((await rowsOf(reviewed)).map(({ text }) => text)).toEqual(['Un gos.']);
  expect((await rowsOf(english)).map(({ text }) => text)).toEqual(['A cat.']);
});

it('has a column for each text in the wide layout', async () => {
  const rows = await rowsOf(createContext(ITEMS, { settings: { layout: 'wide' } }));

  expect(rows).toHaveLength(2);
  expect(rows[0]).toMatchObject({ 'caption@ca': 'Un gat.', 'caption@en': 'A cat.', 'alt@ca': '' });
  expect(rows[1]).toMatchObject({
    ...{
      'caption@ca': 'Un gos.',
      'caption@ca review': 'edited',
      'caption@ca revision': expect.stringMatching(/^v1-/) as string,
    },
    ...{ 'caption@en': '', 'caption@en review': '', machine_generated: 'true', model: 'demo' },
  });
});

it('has a row for each segment of a clip in the wide layout', async () => {
  const at = (startSeconds: number, language = 'ca') => ({
    language,
    segment: { startSeconds, endSeconds: startSeconds + 5 },
  });
  const texts = [createText('A', at(0)), createText('B', at(0, 'en')), createText('C', at(5))];
  const context = createContext([createClip('c.mp4', texts)], { settings: { layout: 'wide' } });

  expect(await rowsOf(context)).toMatchObject([
    { identifier: 'c.mp4', start: '0', end: '5', 'caption@ca': 'A', 'caption@en': 'B' },
    { identifier: 'c.mp4', start: '5', end: '10', 'caption@ca': 'C', 'caption@en': '' },
  ]);
});

it('names the machine-generated texts of a row if a person wrote the others', async () => {
  const own = createEdited('Meu', { draft: '', number: -1, kind: 'alt' });
  const items = [createItem('a.jpg', [createText('Un gat.'), own])];

  const [wide] = await rowsOf(createContext(items, { settings: { layout: 'wide' } }));
  const [, long] = await rowsOf(createContext(items));

  expect(wide).toMatchObject({ machine_generated: 'caption@ca', model: 'demo' });
  expect(long).toMatchObject({ text: 'Meu', machine_generated: 'false', model: '' });
});

it('begins with a byte order mark if asked', async () => {
  const context = createContext(ITEMS, { settings: { hasByteOrderMark: true } });

  expect((await join(CSV.write(context))).startsWith('\ufeffidentifier,')).toBe(true);
});
