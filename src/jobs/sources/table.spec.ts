import { appendFileSync } from 'node:fs';

import {
  collect,
  expectResumable,
  identifiersOf,
  itemsOf,
  skippedOf,
} from '../../../test/jobs/listed-entries.js';
import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import type { ListOptions, SourceItem, TableSpec } from './source.js';
import { listTable } from './table.js';

const temporary = createTemporaryFolder();
afterAll(() => temporary.remove());

function list(path: string, spec: Partial<TableSpec> = {}, options: Partial<ListOptions> = {}) {
  return listTable({ kind: 'table', path, ...spec }, { policy: null, ...options });
}

async function items(
  name: string,
  content: string | Uint8Array,
  spec: Partial<TableSpec> = {},
): Promise<SourceItem[]> {
  return itemsOf(await collect(list(temporary.write(name, content), spec)));
}

async function failure(
  name: string,
  content: string | Uint8Array,
  spec: Partial<TableSpec> = {},
): Promise<unknown> {
  return await collect(list(temporary.write(name, content), spec)).catch((error: unknown) => error);
}

describe('listTable', () => {
  it('gives identifier, location and record of each row', async () => {
    const content =
      'Identifier,Title,File\r\nAF-1,"A ""quoted""\nline, and more",img/1.jpg\r\n\r\nAF-2,,https://x.org/2.jpg\r\n';

    expect(await items('plain.csv', content)).toEqual([
      {
        identifier: 'AF-1',
        location: { kind: 'file', path: temporary.path('img/1.jpg') },
        record: { Identifier: 'AF-1', Title: 'A "quoted"\nline, and more', File: 'img/1.jpg' },
      },
      {
        identifier: 'AF-2',
        location: { kind: 'url', url: 'https://x.org/2.jpg' },
        record: { Identifier: 'AF-2', Title: '', File: 'https://x.org/2.jpg' },
      },
    ]);
  });

  it.each([
    [',', 'a,b', 'file,note\n1.jpg,"x;y;z"\n'],
    [';', 'semicolon', 'file;note;more\n1.jpg;1,5, a, b;x\n'],
    ['\t', 'tab', 'file\tnote\n1.jpg\ta, b; c\n'],
    ['|', 'pipe', 'file|note\n1.jpg|a, b\n'],
    ['none', 'one column', 'file\n1.jpg\n'],
    ['declared', 'Excel', 'sep=;\r\nfile;note\r\n1.jpg;a\r\n'],
  ])('finds the delimiter %j (%s)', async (_, __, content) => {
    const [item] = await items('delimiter.csv', content);

    expect(item?.location).toEqual({ kind: 'file', path: temporary.path('1.jpg') });
    expect(item?.record['file']).toBe('1.jpg');
  });

  it.each<[string, Buffer, string | undefined]>([
    ['UTF-8', Buffer.from('file,títol\n1.jpg,“Església”\n'), undefined],
    ['UTF-8 with BOM', Buffer.from('\uFEFFfile,títol\n1.jpg,“Església”\n'), undefined],
    [
      'UTF-16 LE with BOM',
      Buffer.from('\uFEFFfile,títol\n1.jpg,“Església”\n', 'utf16le'),
      undefined,
    ],
    [
      'UTF-16 BE with BOM',
      Buffer.from('\uFEFFfile,títol\n1.jpg,“Església”\n', 'utf16le').swap16(),
      undefined,
    ],
    [
      'Windows-1252',
      Buffer.concat([Buffer.from('file,t\xedtol\n1.jpg,\x93Esgl\xe9sia\x94\n', 'latin1')]),
      undefined,
    ],
    ['UTF-16 LE by name', Buffer.from('file,títol\n1.jpg,“Església”\n', 'utf16le'), 'utf-16le'],
    [
      'Mac Roman by name',
      Buffer.from('file,t\x92tol\n1.jpg,\xd2Esgl\x8esia\xd3\n', 'latin1'),
      'macintosh',
    ],
  ])('decodes %s', async (_, content, encoding) => {
    const [item] = await items('encoded.csv', content, { encoding });

    expect(item?.record).toEqual({ file: '1.jpg', títol: '“Església”' });
  });

  it('decodes characters that are cut between two reads', async () => {
    const title = 'é'.repeat(300_000);

    const [item] = await items('large.csv', `file,title\n1.jpg,x${title}\n`);

    expect(item?.record['title']).toBe(`x${title}`);
  });

  it.each([
    ['Signatura;Títol;Fitxer', 'Signatura', 'Fitxer'],
    ['id;Número de inventario;archivo', 'Número de inventario', 'archivo'],
    ['Inventarnummer;Titel;Dateiname', 'Inventarnummer', 'Dateiname'],
    ['cote;titre;Nom de fichier', 'cote', 'Nom de fichier'],
    ['dc:identifier;title;Image URL', 'dc:identifier', 'Image URL'],
    ['title;note;file_name', 'file_name', 'file_name'],
    ['url;path;ID', 'ID', 'path'],
  ])('knows the columns of %s', async (header, identifier, location) => {
    const columns = header.split(';');
    const values = columns.map((column) => (column === location ? 'a.jpg' : `${column} 1`));

    const [item] = await items('columns.csv', `${header}\n${values.join(';')}\n`);

    expect(item?.identifier).toBe(identifier === location ? 'a.jpg' : `${identifier} 1`);
    expect(item?.location).toEqual({ kind: 'file', path: temporary.path('a.jpg') });
  });

  it('takes the columns that the user names, and finds an unknown one by its values', async () => {
    const content = 'num,scan,back\n7,a.tif,none\n8,,\n9,c.jpg,d.jpg\n';

    const byValues = await items('named.csv', content);
    const named = await items('named.csv', content, { identifier: 'NUM', location: 'back' });

    expect(byValues.map(({ identifier }) => identifier)).toEqual(['a.tif', 'c.jpg']);
    expect(named.map(({ identifier, location }) => [identifier, location])).toEqual([
      ['7', { kind: 'file', path: temporary.path('none') }],
      ['9', { kind: 'file', path: temporary.path('d.jpg') }],
    ]);
  });

  it('reads paths of Windows, absolute paths and file URLs', async () => {
    const content =
      'file\nfotos\\1.jpg\n/srv/2.jpg\nfile:///srv/a%20b.jpg\n../up.jpg\nC:\\x.jpg\nfile://host/x\n';

    const entries = await collect(list(temporary.write('paths.csv', content)));

    expect(itemsOf(entries).map(({ location }) => 'path' in location && location.path)).toEqual([
      temporary.path('fotos/1.jpg'),
      '/srv/2.jpg',
      '/srv/a b.jpg',
      temporary.path('../up.jpg'),
      temporary.path('C:/x.jpg'),
    ]);
    expect(skippedOf(entries)).toEqual(['row 7: INVALID_RECORD 1']);
  });

  it('reports rows that are no records by their number, and goes on', async () => {
    const content = 'id,file\n1,a.jpg\n2\n3,b.jpg,x\n,c.jpg\n5,\n"6\n6",d.jpg\n7\n';

    const entries = await collect(list(temporary.write('wrong.csv', content)));

    expect(identifiersOf(entries)).toEqual(['1', '6\n6']);
    expect(entries.flatMap((entry) => ('skipped' in entry ? [entry.skipped.reason] : []))).toEqual([
      'Row 3 has 1 cells, and the header has 2 columns.',
      'Row 4 has 3 cells, and the header has 2 columns.',
      'Row 5 has no value in the column of the identifier.',
      'Row 6 ("5") names no file or URL.',
      'Row 8 has 1 cells, and the header has 2 columns.',
    ]);
  });

  it('keeps quotation marks inside cells', async () => {
    const [item] = await items('inches.tsv', 'file\tnote\n1.jpg\t5" floppy, 3" x 5"\n');

    expect(item?.record['note']).toBe('5" floppy, 3" x 5"');
  });

  it('gives columns without a name, or with the same one, names of their own', async () => {
    const [item] = await items('names.csv', 'file,,note,note,__proto__\n1.jpg,a,b,c,d\n');

    expect(Object.entries(item?.record ?? {})).toEqual([
      ['file', '1.jpg'],
      ['column 2', 'a'],
      ['note', 'b'],
      ['note (2)', 'c'],
      ['__proto__', 'd'],
    ]);
  });

  it('goes on behind any row', async () => {
    const rows = Array.from({ length: 30 }, (_, row) => (row % 7 ? `${row},${row}.jpg` : `${row}`));
    const path = temporary.write('resume.csv', `id,file\n${rows.join('\n')}`);

    await expectResumable((after) => list(path, {}, { after }));
  });

  it('does not go on in a table that has changed', async () => {
    const path = temporary.write('changed.csv', 'id,file\n1,a.jpg\n');
    const [entry] = await collect(list(path));
    appendFileSync(path, '2,b.jpg\n');

    await expect(collect(list(path, {}, { after: entry!.cursor }))).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      publicMessage:
        'The file of the source has changed while the job was created from it. Create the job again.',
    });
  });

  it.each<[string, string | Buffer, Partial<TableSpec>, string]>([
    [
      'no row',
      '',
      {},
      'The table has no header. It has no rows. Name the columns in the first row, one of them "path" or "url".',
    ],
    [
      'no header',
      '1,a.jpg\n2,b.jpg\n',
      {},
      'The table has no header. Its first row names a file or URL. Add a row with the names of the columns.',
    ],
    [
      'no column of paths',
      'id,title\n1,x\n',
      {},
      'No column of the table is known to hold a path or URL. Rename it to "path" or "url". The columns: "id", "title".',
    ],
    [
      'an unknown column',
      'id,file\n1,x\n',
      { identifier: 'ref' },
      'The table has no column "ref". Its columns: "id", "file".',
    ],
    [
      'a quotation mark that is not closed',
      'id,file\n1,a.jpg\n2,"b.jpg\n3,c.jpg\n',
      {},
      'The table cannot be read behind row 2: a quotation mark is not closed. Correct the table, or name its delimiter.',
    ],
    [
      'UTF-16 without BOM',
      Buffer.from('id,file\n', 'utf16le'),
      {},
      'The file is not a text file. It has zero bytes: name its encoding, for example utf-16le, if it is a text.',
    ],
    [
      'an unknown encoding',
      'id,file\n',
      { encoding: 'klingon' },
      'The encoding "klingon" is not known. Examples: utf-8, utf-16le, windows-1252, iso-8859-15, macintosh.',
    ],
    [
      'a delimiter of two characters',
      'id,file\n',
      { delimiter: '::' },
      'The delimiter "::" is not one character. Examples: "," and ";".',
    ],
    [
      'the wrong delimiter',
      'id,file\n1,a\n',
      { delimiter: ';' },
      'No column of the table is known to hold a path or URL. Rename it to "path" or "url". The columns: "id,file".',
    ],
  ])('rejects %s', async (_, content, spec, publicMessage) => {
    expect(await failure('rejected.csv', content, spec)).toMatchObject({ publicMessage });
  });

  it('ends at a quotation mark that takes up the rest of a large table', async () => {
    const rows = Array.from({ length: 100_000 }, (_, row) => `${row},${row}.jpg,"x"`).join('\n');

    expect(
      await failure('open.csv', `id,file,note\n0,a.jpg,"\n${rows.replaceAll('"', '')}`),
    ).toMatchObject({
      code: 'INVALID_REQUEST',
      publicMessage: expect.stringContaining('a row is longer than 1000000 bytes') as string,
    });
  });
});

describe('JSON Lines', () => {
  it('turns values into cells', async () => {
    const content =
      '{"id":7,"file":"a.jpg","tags":["x","y"],"year":1923,"note":null,"place":{"name":"Vic"}}\r\n\n' +
      '{"id":"8","file":"b.jpg","line":"a\u2028b"}';

    expect(await items('records.jsonl', content)).toEqual([
      {
        identifier: '7',
        location: { kind: 'file', path: temporary.path('a.jpg') },
        record: {
          id: '7',
          file: 'a.jpg',
          tags: 'x; y',
          year: '1923',
          note: '',
          place: '{"name":"Vic"}',
        },
      },
      {
        identifier: '8',
        location: { kind: 'file', path: temporary.path('b.jpg') },
        record: { id: '8', file: 'b.jpg', line: 'a\u2028b' },
      },
    ]);
  });

  it('reports lines that are no objects', async () => {
    const path = temporary.write('broken.ndjson', '{"file":"a.jpg"}\n[1]\n{"file":\n{"files":1}\n');

    expect(skippedOf(await collect(list(path)))).toEqual([
      'row 2: INVALID_RECORD 1',
      'row 3: INVALID_RECORD 1',
      'row 4: INVALID_RECORD 1',
    ]);
    await expectResumable((after) => list(path, {}, { after }));
    expect(await failure('none.jsonl', '1\n2\n')).toMatchObject({
      publicMessage: expect.stringMatching(
        /^The table has no records\. Line 1 begins with .* and is not a JSON object\./,
      ) as string,
    });
  });
});
