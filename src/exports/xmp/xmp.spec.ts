import { spawnSync } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { exiftool } from 'exiftool-vendored';

import { DIFFICULT_TEXTS } from '../../../test/exports/difficult-texts.js';
import {
  collect,
  createClip,
  createContext,
  createEdited,
  createItem,
  createText,
} from '../../../test/exports/export-fixture.js';
import type { ReviewedItem, ReviewedText } from '../../review/reviewed-items.js';
import { writeSidecarsBeside, XMP } from './xmp.js';
import { findForbiddenCharacter } from './xmp-names.js';

const SIGNAL = new AbortController().signal;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'salamandra-xmp-spec-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A picture in the folder. */
async function createPicture(
  name: string,
  texts: readonly ReviewedText[] = [createText('Un gat.')],
  roots?: readonly string[],
): Promise<ReviewedItem> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), 'the picture');
  const location = { kind: 'file', path: join(folder, name), ...(roots && { roots }) } as const;
  return createItem(name, texts, { location });
}

function contextOf(
  items: readonly ReviewedItem[],
  settings: NonNullable<Parameters<typeof createContext>[1]>['settings'] = {},
) {
  return createContext(items, { settings, job: { source: { kind: 'folder', path: folder } } });
}

describe('beside the pictures', () => {
  it('writes a sidecar once, and leaves the picture and other files alone', async () => {
    const item = await createPicture('a.jpg');
    const context = contextOf([item]);

    expect(await writeSidecarsBeside(context, SIGNAL)).toEqual({ written: 1, unchanged: 0 });
    expect(await writeSidecarsBeside(context, SIGNAL)).toEqual({ written: 0, unchanged: 1 });

    expect((await readdir(folder)).sort()).toEqual(['a.jpg', 'a.jpg.xmp']);
    expect(await readFile(join(folder, 'a.jpg'), 'utf8')).toBe('the picture');
    expect(context.omissions).toEqual([]);
  });

  it('updates a short name that exists, unless it may be of another picture', async () => {
    const sidecar = await readFile(
      new URL('../../../test/exports/sidecars/lightroom.xmp', import.meta.url),
    );
    const [own, shared] = [await createPicture('own.jpg'), await createPicture('shared.jpg')];
    await writeFile(join(folder, 'own.xmp'), sidecar);
    await writeFile(join(folder, 'shared.xmp'), sidecar);
    await writeFile(join(folder, 'shared.CR2'), 'raw');

    await writeSidecarsBeside(contextOf([own, shared]), SIGNAL);

    expect(await readFile(join(folder, 'own.xmp'), 'utf8')).toContain('Un gat.');
    expect(await readFile(join(folder, 'shared.xmp'))).toEqual(sidecar);
    expect(await readFile(join(folder, 'shared.jpg.xmp'), 'utf8')).toContain('Un gat.');
  });

  it('writes short names if asked, and refuses those that two pictures would share', async () => {
    const [alone, twin] = [await createPicture('alone.jpg'), await createPicture('twin.jpg')];
    await createPicture('twin.png');
    const context = contextOf([alone, twin], { sidecarName: 'photo.xmp' });

    await writeSidecarsBeside(context, SIGNAL);

    const text = await readFile(join(folder, 'alone.xmp'), 'utf8');
    expect(text).toContain('<photoshop:SidecarForExtension>JPG</photoshop:SidecarForExtension>');
    expect(context.omissions).toMatchObject([{ identifier: 'twin.jpg' }]);
    expect(await readdir(folder)).not.toContain('twin.xmp');
  });

  it('keeps the permissions of a sidecar, and does not follow links', async () => {
    const [kept, linked] = [await createPicture('a.jpg'), await createPicture('b.jpg')];
    await writeSidecarsBeside(contextOf([kept]), SIGNAL);
    await chmod(join(folder, 'a.jpg.xmp'), 0o640);
    await writeFile(join(folder, 'secret'), 'secret');
    await symlink(join(folder, 'secret'), join(folder, 'b.jpg.xmp'));
    const context = contextOf([{ ...kept, texts: [createText('Un gos.')] }, linked]);

    await writeSidecarsBeside(context, SIGNAL);

    expect((await stat(join(folder, 'a.jpg.xmp'))).mode & 0o777).toBe(0o640);
    expect(await readFile(join(folder, 'secret'), 'utf8')).toBe('secret');
    expect(context.omissions).toMatchObject([{ identifier: 'b.jpg' }]);
    expect(context.omissions[0]!.reason).toContain('symbolic link');
  });

  it('leaves what it cannot read as it is, and goes on with the others', async () => {
    const items = [await createPicture('a.jpg'), await createPicture('b.jpg')];
    await writeFile(join(folder, 'a.jpg.xmp'), '<x:xmpmeta>');
    const utf16 = Buffer.from('\ufeff<a/>', 'utf16le');
    items.push(await createPicture('c.jpg'));
    await writeFile(join(folder, 'c.jpg.xmp'), utf16);
    const context = contextOf(items);

    expect(await writeSidecarsBeside(context, SIGNAL)).toEqual({ written: 1, unchanged: 0 });

    expect(await readFile(join(folder, 'a.jpg.xmp'), 'utf8')).toBe('<x:xmpmeta>');
    expect(await readFile(join(folder, 'c.jpg.xmp'))).toEqual(utf16);
    expect(context.omissions.map(({ identifier }) => identifier)).toEqual(['a.jpg', 'c.jpg']);
  });

  it('writes only below the roots of the operator', async () => {
    await mkdir(join(folder, 'allowed'));
    const context = contextOf([await createPicture('a.jpg', undefined, [join(folder, 'allowed')])]);

    expect(await writeSidecarsBeside(context, SIGNAL)).toEqual({ written: 0, unchanged: 0 });

    expect(context.omissions).toHaveLength(1);
    expect(await readdir(folder)).not.toContain('a.jpg.xmp');
  });
});

describe('an archive of sidecars', () => {
  it('merges the sidecars beside the pictures, so that unpacking it loses nothing', async () => {
    const sidecar = await readFile(
      new URL('../../../test/exports/sidecars/digikam.xmp', import.meta.url),
    );
    const item = await createPicture('album/a.jpg');
    await writeFile(join(folder, 'album/a.jpg.xmp'), sidecar);

    const files = await collect(XMP.write(contextOf([item])));

    expect(files.map(({ path }) => path)).toEqual(['album/a.jpg.xmp']);
    expect(files[0]!.content).toContain('La Núria a la plaça.');
    expect(files[0]!.content).toContain('Un gat.');
    expect(await readFile(join(folder, 'album/a.jpg.xmp'))).toEqual(sidecar);
  });

  it('reports what has no field', async () => {
    const segment = { startSeconds: 0, endSeconds: 5 };
    const context = createContext([
      createItem('a.jpg', [createText('gat, gos', { kind: 'keywords' }), createText('a\fb')], {
        location: { kind: 'url', url: 'https://x.example/a.jpg' },
      }),
      createClip('b.mp4', [createText('Un gos corre.', { segment })], {
        location: { kind: 'url', url: 'https://x.example/b.mp4' },
      }),
    ]);

    expect(await collect(XMP.write(context))).toEqual([]);

    expect(context.omissions.map(({ reason }) => reason)).toEqual([
      'Texts of the kind keywords have no field in a sidecar.',
      'The text contains U+000C, which XML cannot hold. Edit the text.',
      'The text is about a segment of a clip. Use the format webvtt.',
    ]);
  });
});

const hasPerl = spawnSync('perl', ['-v']).status === 0;
if (!hasPerl) console.warn('Skipped: exiftool reads each sidecar. It needs perl.');

(hasPerl ? describe : describe.skip)('exiftool', () => {
  afterAll(async () => {
    await exiftool.end();
  });

  it('reads all fields of a sidecar', async () => {
    const item = await createPicture('a.jpg', [
      createEdited('Un gat.'),
      createText('A cat.', { language: 'en' }),
      createText('Un gat negre.', { kind: 'alt' }),
      createText('Un gat negre dorm.', { kind: 'long' }),
    ]);
    await writeSidecarsBeside(contextOf([item]), SIGNAL);

    const [tags] = (await exiftool
      .readRaw(join(folder, 'a.jpg.xmp'), {
        readArgs: ['-struct', '-G1'],
      })
      .then((read) => [read])) as unknown as [Record<string, unknown>];

    expect(tags).toMatchObject({
      'XMP-dc:Description': 'Un gat.',
      'XMP-dc:Description-en': 'A cat.',
      'XMP-dc:Description-ca': 'Un gat.',
      'XMP-iptcCore:AltTextAccessibility': 'Un gat negre.',
      'XMP-iptcCore:ExtDescrAccessibility': 'Un gat negre dorm.',
      'XMP-photoshop:CaptionWriter': 'demo (AI), reviewed by Núria Ñ.',
    });
    expect(JSON.stringify(tags['XMP-xmpMM:History'])).toContain('Visual Salamandra 1.2.3');
    expect(JSON.stringify(tags)).toContain('"ReviewedBy":"Núria Ñ."');
    expect(JSON.stringify(tags)).not.toContain('Warning');
  });

  it('reads 500 texts in 35 languages, but those that XML cannot hold', async () => {
    const items = DIFFICULT_TEXTS.map((text, index) =>
      createItem(`${String(index).padStart(3, '0')}.jpg`, [text], {
        location: { kind: 'url', url: `https://x.example/${index}.jpg` },
      }),
    );
    const context = createContext(items);
    const files = await collect(XMP.write(context));
    await Promise.all(
      files.map(({ content }, index) => writeFile(join(folder, `${index}.xmp`), content)),
    );

    const output = spawnSync(
      'perl',
      [
        await exiftool.exiftoolPath(),
        '-j',
        '-b',
        '-XMP-dc:Description',
        '-charset',
        'utf8',
        folder,
      ],
      { encoding: 'utf8', maxBuffer: 1e8 },
    ).stdout;

    const byFile = new Map(
      (JSON.parse(output) as { SourceFile: string; Description: unknown }[]).map((tags) => [
        tags.SourceFile.split('/').at(-1),
        String(tags.Description),
      ]),
    );
    const expected = DIFFICULT_TEXTS.filter(({ text }) => findForbiddenCharacter(text) === null);
    const found = files.map((_, index) => byFile.get(`${index}.xmp`));
    expect(found).toEqual(expected.map(({ text }) => text));
    expect(context.omissions).toHaveLength(DIFFICULT_TEXTS.length - expected.length);
    expect(context.omissions.length).toBeGreaterThan(10);
  });
});
