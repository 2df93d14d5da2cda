import { buildZip } from '../../../test/jobs/build-zip.js';
import { admitServer, startMediaServer } from '../../../test/http/media-server.js';
import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { checkSource } from './check-source.js';
import { sourceOf } from './source-of.js';

const temporary = createTemporaryFolder();
afterAll(() => temporary.remove());

async function check(name: string, content: string | Uint8Array): Promise<void> {
  await checkSource(await sourceOf(temporary.write(name, content)), { policy: null });
}

it.each<[string, string, string | Uint8Array, string]>([
  [
    'JSON of another kind',
    'package.json',
    '{"name":"x","type":"module"}',
    'of the type "module", is neither a manifest nor a collection',
  ],
  ['JSON other than an object', 'list.json', '[1]', 'not a JSON object'],
  ['no JSON', 'broken.json', '{', 'not a JSON object'],
  ['an empty table', 'empty.csv', '', 'one of them "path" or "url"'],
  ['a table without rows', 'header.csv', 'id,file\n', 'The table names no image or video.'],
  ['a table without files', 'titles.csv', 'id,title\n1,Plaça\n', 'Rename it to "path" or "url"'],
  ['cells without a file', 'cells.csv', 'id,file\n1,\n', 'Row 2 ("1") names no file or URL.'],
  ['lines of another kind', 'bad.jsonl', '"a.jpg"\n', 'Line 1 begins with "\\"a.jpg\\""'],
  ['an empty list', 'empty.txt', '\n', 'The list names no image or video.'],
  ['no archive', 'no.zip', 'text', 'ZIP'],
  [
    'an archive without images',
    'texts.zip',
    buildZip([{ name: 'a.txt', content: 'x' }]),
    'The archive names no image or video.',
  ],
])('rejects %s, with the value or rule', async (_, name, content, words) => {
  await expect(check(name, content)).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
    retryable: false,
    publicMessage: expect.stringContaining(words) as string,
  });
});

it.each([
  ['a table with bad rows among good ones', 'some.jsonl', '1\n{"file":"a.jpg"}\n'],
  ['a list', 'list.txt', 'a.jpg\n'],
])('accepts %s', async (_, name, content) => {
  await check(name, content);
});

it('names the answer of a server, and why it cannot be reached', async () => {
  const server = await startMediaServer((_, response) => response.writeHead(410).end());
  const policy = admitServer(server, { failures: 'explained' });
  const source = { kind: 'iiif', url: `http://media.test:${server.port}/manifest` } as const;

  await expect(checkSource(source, { policy })).rejects.toMatchObject({
    code: 'MEDIA_FETCH_FAILED',
    publicMessage: expect.stringContaining('answered 410') as string,
    retryable: false,
  });
  await server.close();
  await expect(checkSource(source, { policy })).rejects.toMatchObject({
    publicMessage: expect.stringContaining('refused the connection') as string,
    retryable: true,
  });
});
