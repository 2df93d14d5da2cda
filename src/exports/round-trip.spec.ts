import { parse } from 'csv-parse/sync';

import { DIFFICULT_TEXTS } from '../../test/exports/difficult-texts.js';
import {
  collect,
  createClip,
  createContext,
  createItem,
  join,
} from '../../test/exports/export-fixture.js';
import type { ReviewedItem } from '../review/reviewed-items.js';
import { ATOM } from './atom.js';
import { COCO } from './coco.js';
import { CSV } from './csv.js';
import { DUBLIN_CORE } from './dublin-core.js';
import { HTML } from './html.js';
import { IMAGEFOLDER } from './imagefolder.js';
import { JSONL } from './jsonl.js';
import { restoreCell } from '../review/spreadsheet-cells.js';
import { WEBVTT } from './webvtt.js';

const ITEMS: readonly ReviewedItem[] = DIFFICULT_TEXTS.map((text, index) =>
  createItem(`${index}.jpg`, [text], { id: index, position: index, record: { note: text.text } }),
);
const TEXTS = DIFFICULT_TEXTS.map(({ text }) => text);

type Row = Readonly<Record<string, string>>;

function parseCsv(text: string): Row[] {
  return parse(text, { columns: true });
}

function parseLines<T>(text: string): T[] {
  // As readers do that know all line breaks of Unicode.
  const lines = text.trimEnd().split(/\r\n|[\n\r\u0085\u2028\u2029]/);
  return lines.map((line) => JSON.parse(line) as T);
}

describe('500 texts in 35 languages come back unchanged from', () => {
  it('JSONL', async () => {
    const lines = parseLines<{
      texts: [{ text: string; machine_generated: boolean }];
      record: Row;
    }>(await join(JSONL.write(createContext(ITEMS))));

    expect(lines.map(({ texts: [{ text }] }) => text)).toEqual(TEXTS);
    expect(lines.map(({ record }) => record['note'])).toEqual(TEXTS);
    expect(lines.every(({ texts: [text] }) => text.machine_generated)).toBe(true);
  });

  it('CSV with protected cells', async () => {
    const rows = parseCsv(await join(CSV.write(createContext(ITEMS))));

    expect(rows.map(({ text }) => restoreCell(text!))).toEqual(TEXTS);
    expect(rows.map(({ note }) => restoreCell(note!))).toEqual(TEXTS);
    expect(rows.filter(({ text }) => /^[=+\-@\t\r]/.test(text!))).toEqual([]);
  });

  it('CSV with a column for each language', async () => {
    const rows = parseCsv(
      await join(CSV.write(createContext(ITEMS, { settings: { layout: 'wide' } }))),
    );

    const cells = rows.map((row, index) => row[`caption@${DIFFICULT_TEXTS[index]!.language}`]!);
    expect(cells.map(restoreCell)).toEqual(TEXTS);
  });

  it('Dublin Core', async () => {
    const rows = parseCsv(await join(DUBLIN_CORE.write(createContext(ITEMS))));

    const cells = rows.map(
      (row, index) => row[`dcterms:description @${DIFFICULT_TEXTS[index]!.language}`],
    );
    expect(cells).toEqual(TEXTS);
  });

  it('AtoM', async () => {
    const rows = parseCsv(await join(ATOM.write(createContext(ITEMS))));

    expect(rows.map(({ scopeAndContent }) => scopeAndContent)).toEqual(TEXTS);
    expect(rows.map(({ culture }) => culture)).toEqual(
      DIFFICULT_TEXTS.map(({ language }) => language),
    );
  });

  it('imagefolder', async () => {
    const lines = parseLines<{ text: string; file_name: string }>(
      await join(IMAGEFOLDER.write(createContext(ITEMS))),
    );

    expect(lines.map(({ text }) => text)).toEqual(TEXTS);
    expect(lines[7]!.file_name).toBe('7.jpg');
  });

  it('COCO', async () => {
    const { annotations, images } = JSON.parse(await join(COCO.write(createContext(ITEMS)))) as {
      annotations: { caption: string; image_id: number }[];
      images: { id: number; file_name: string; width: number }[];
    };

    expect(annotations.map(({ caption }) => caption)).toEqual(TEXTS);
    expect(annotations.map(({ image_id }) => image_id)).toEqual(images.map(({ id }) => id));
    expect(images[3]).toMatchObject({ file_name: '3.jpg', width: 640 });
  });

  it('HTML, with symbols for control characters', async () => {
    const html = await join(HTML.write(createContext(ITEMS)));

    const found = Array.from(
      html.matchAll(/<p lang="[a-z]+" dir="auto">([^<]*)<\/p>/g),
      ([, text]) => decodeHtml(text!),
    );
    expect(found).toEqual(TEXTS.map(withSymbols));
    expect(html).not.toContain('<script');
  });

  it('WebVTT, with trimmed lines and without blank ones', async () => {
    const clips = ITEMS.map(({ identifier, texts }) => createClip(identifier, texts));
    const files = await collect(WEBVTT.write(createContext(clips)));

    expect(files.map(({ content }) => textOfCue(content))).toEqual(TEXTS.map(inCue));
  });
});

function decodeHtml(text: string): string {
  const entities: Row = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
  return text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => entities[name]!);
}

function withSymbols(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => {
    if (/[\t\n]/.test(character)) return character;
    const code = character.charCodeAt(0);
    if (code === 0x7f) return '\u2421';
    return code < 0x20 ? String.fromCharCode(code + 0x2400) : '\ufffd';
  });
}

/** The text of the only cue, after its note and its times. */
function textOfCue(file: string): string {
  const blocks = file.trimEnd().split('\n\n');
  const [, ...lines] = blocks.at(-1)!.split('\n');
  return decodeHtml(lines.join('\n'));
}

function inCue(text: string): string {
  return text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}
