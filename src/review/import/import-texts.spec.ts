import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { names, outcomeOf, request, work } from '../../../test/jobs/job-fixture.js';
import type { JobDatabase } from '../../jobs/database/job-database.js';
import { openJobDatabase } from '../../jobs/database/open-database.js';
import { createJob } from '../../jobs/jobs.js';
import { decide } from '../decide.js';
import { undoGroup } from '../decide-many.js';
import { readReviewedItems, type ReviewedText } from '../reviewed-items.js';
import { textVersion } from '../text-version.js';
import { importTexts, type ImportReport } from './import-texts.js';
import { type ImportFormat, readImport } from './read-import.js';

let folder: string;
let database: JobDatabase;
let jobId: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'salamandra-import-spec-'));
  database = await openJobDatabase({ kind: 'sqlite', path: join(folder, 'jobs.db') });
  ({ id: jobId } = await createJob(database, request()));
  await work(database, { entries: names(4), process: outcomeOf });
});

afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

async function read(content: string, format: ImportFormat = 'csv'): Promise<ImportReport> {
  const path = join(folder, 'import');
  await writeFile(path, content);
  return await importTexts(database, jobId, 'Ada', readImport(path, format), 'group_1');
}

async function textsOf(identifier: string): Promise<readonly ReviewedText[]> {
  for await (const item of readReviewedItems(database, jobId)) {
    if (item.identifier === identifier) return item.texts;
  }
  throw new Error(`There is no ${identifier}.`);
}

async function versionOf(identifier: string): Promise<string> {
  const [text] = await textsOf(identifier);
  return text ? textVersion(text) : '';
}

async function edit(identifier: string, text: string): Promise<void> {
  const { id: itemId } = await database.db
    .selectFrom('item')
    .select('id')
    .where('identifier', '=', identifier)
    .executeTakeFirstOrThrow();
  const by = { author: 'Bo', origin: 'page' } as const;
  await decide(database, { jobId, itemId }, by, [{ number: 0, decision: 'edit', text }]);
}

it('imports the long layout: edits, decisions, and what is as it was', async () => {
  const versions = await Promise.all(names(4).map(versionOf));
  const report = await read(
    [
      'identifier;language;kind;start;end;text;review;revision',
      `n0;ca;caption;;;"Nou: ""text""\r\namb línies";unreviewed;${versions[0]}`,
      `n1;ca;caption;;;text of n1;accepted;${versions[1]}`,
      `n2;ca;caption;;;text of n2;rejected;${versions[2]}`,
      `n3;ca;caption;;;text of n3;unreviewed;${versions[3]}`,
      `n3;es;alt;;;'=SUM(1) texto;;`,
      'x1;ca;caption;;;text;;',
      'n3;xx;caption;;;text;;',
      'n3;ca;caption;one;two;text;;',
      'n3;ca;caption;;;;;',
    ].join('\n'),
  );

  expect(report).toMatchObject({
    ...{ accepted: 1, edited: 2, rejected: 1, unchanged: 1, group: 'group_1' },
    counts: { conflicts: 0, unknown: 1, invalid: 2 },
    unknown: [{ row: 7, identifier: 'x1', language: 'ca', kind: 'caption' }],
    invalid: [
      { row: 8, identifier: 'n3' },
      { row: 9, identifier: 'n3' },
    ],
  });
  expect(await textsOf('n0')).toMatchObject([
    { text: 'Nou: "text"\r\namb línies', review: 'edited', author: 'Ada', draft: 'text of n0' },
  ]);
  expect(await textsOf('n1')).toMatchObject([{ review: 'accepted' }]);
  expect(await textsOf('n3')).toMatchObject([
    { review: 'unreviewed' },
    { language: 'es', kind: 'alt', text: '=SUM(1) texto', draft: '', review: 'edited' },
  ]);
});

it('changes nothing the second time, and can be undone', async () => {
  const rows = 'identifier,text.ca.caption\nn0,Mine\nn1,text of n1\n';
  const first = await read(rows);
  const second = await read(rows);

  expect(first).toMatchObject({ edited: 1, unchanged: 1 });
  expect(second).toMatchObject({ edited: 0, unchanged: 2, conflicts: [] });
  await undoGroup(database, jobId, { author: 'Ada', origin: 'cli' }, 'group_1');
  expect(await textsOf('n0')).toMatchObject([{ text: 'text of n0', review: 'unreviewed' }]);
});

it('lists conflicts in the wide layout, with who decided and when', async () => {
  const version = await versionOf('n0');
  await edit('n0', 'By Bo');
  const columns = 'identifier,caption@ca,caption@ca review,caption@ca revision';

  const stale = await read(`${columns}\nn0,By Ada,edited,${version}\n`);
  const untouched = await read(`${columns}\nn0,text of n0,accepted,${version}\n`);
  const unversioned = await read('identifier,caption@ca\nn0,By Ada\n');

  expect(stale.conflicts).toMatchObject([
    { row: 2, identifier: 'n0', text: 'By Ada', current: 'By Bo', author: 'Bo' },
  ]);
  expect(untouched).toMatchObject({ unchanged: 1, conflicts: [] });
  expect(unversioned.counts).toMatchObject({ conflicts: 1 });
  expect(await textsOf('n0')).toMatchObject([{ text: 'By Bo' }]);
});

it('imports JSON lines, with the segments of clips', async () => {
  const line = (value: unknown) => `${JSON.stringify(value)}\n`;
  const text = { language: 'ca', kind: 'caption', text: 'By Ada\u2028with a line' };
  const report = await read(
    [
      line({ identifier: 'n0', texts: [text, { ...text, start: 1.5, end: 3 }] }),
      line({ identifier: 'n1', ...text }),
      line({ identifier: 'n2', texts: [{ ...text, start: '1' }] }),
      'not JSON\n',
    ].join(''),
    'jsonl',
  );

  expect(report).toMatchObject({ edited: 3, invalid: [{ row: 3 }, { row: 4 }] });
  expect(await textsOf('n0')).toMatchObject([
    { text: text.text },
    { text: text.text, segment: { startSeconds: 1.5, endSeconds: 3 } },
  ]);
});

it('refuses a table without identifiers or texts', async () => {
  await expect(read('identifier,title\nn0,x\n')).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  await expect(read('name,caption@ca\nn0,x\n')).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
});
