import type { ByteSource } from '../byte-source.js';
import { damagedImage, unsupportedFeature } from '../image-errors.js';
import { type PagePosition, placePage } from '../page-range.js';

/** A page of a DjVu document. */
export interface DjVuPage {
  readonly position: PagePosition;
  /** Upright size in pixels. */
  readonly width: number;
  readonly height: number;
}

/** A chunk of the IFF structure. */
interface Chunk {
  readonly id: string;
  /** Offset and bytes of its data. */
  readonly at: number;
  readonly length: number;
}

/** `AT&T`, which comes before the first chunk. */
const MAGIC_BYTES = 4;
const HEAD_BYTES = 8;

/** Chunks of a page; more are not written. */
const MAX_CHUNKS = 10_000;

const REMEDY = 'Save it as a bundled document, or export the page as an image.';

/**
 * Finds a page, reads its size, and checks its structure. Source: DjVu 3 Specification (Lizardtech, 2005).
 *
 * @param page counted from 1. Undefined: the first one.
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE, INVALID_PARAMETER for a page that the document does not have
 */
export function readDjVu(source: ByteSource, page: number | undefined): DjVuPage {
  const root = readForm(source, MAGIC_BYTES);
  switch (root.kind) {
    case 'DJVU':
      if (root.chunks.some(({ id }) => id === 'INCL')) throw unsupported('parts in other files');
      return { position: placePage(page, 1, 'DjVu'), ...readPageSize(source, root) };
    case 'DJVM': {
      const pages = listPages(source, root);
      const position = placePage(page, pages.length, 'DjVu');
      const form = pages[position.page - 1] as Form;
      checkIncluded(source, form);
      return { position, ...readPageSize(source, form) };
    }
    default:
      throw unsupported(`a FORM of another kind than DJVU and DJVM`);
  }
}

interface Form {
  readonly kind: string;
  readonly at: number;
  readonly chunks: readonly Chunk[];
}

/** The pages of a bundled document, in the order of its directory. */
function listPages(source: ByteSource, root: Form): readonly Form[] {
  const [directory] = root.chunks;
  if (directory?.id !== 'DIRM') throw damaged('it has no directory (DIRM)', root.at);
  const head = Buffer.from(source.read(directory.at, 3));
  if (head.length < 3) throw damaged('its directory is incomplete', source.length);
  const isBundled = (head.readUInt8(0) & 0x80) !== 0;
  if (!isBundled) throw unsupported('pages in other files (an indirect document)');
  const count = head.readUInt16BE(1);
  const offsets = Buffer.from(source.read(directory.at + 3, count * 4));
  if (offsets.length < count * 4) throw damaged('its directory is incomplete', source.length);
  const pages: Form[] = [];
  for (let index = 0; index < count; index++) {
    const form = readForm(source, offsets.readUInt32BE(index * 4));
    // The others are dictionaries and thumbnails, which pages share.
    if (form.kind === 'DJVU') pages.push(form);
  }
  if (pages.length === 0) throw damaged('it has no pages', directory.at);
  return pages;
}

/** Names of shared dictionaries. ddjvu would open a file for a path. */
function checkIncluded(source: ByteSource, { chunks }: Form): void {
  for (const { id, at, length } of chunks) {
    if (id !== 'INCL') continue;
    const name = Buffer.from(source.read(at, Math.min(length, 1_000))).toString('latin1');
    if (/[/\\]|\.\./.test(name)) throw unsupported('parts in other files');
  }
}

function readForm(source: ByteSource, at: number): Form {
  const head = Buffer.from(source.read(at, HEAD_BYTES + 4));
  if (head.toString('latin1', 0, 4) !== 'FORM' || head.length < HEAD_BYTES + 4) {
    throw damaged('a part of it is missing', Math.min(at, source.length));
  }
  const end = at + HEAD_BYTES + head.readUInt32BE(4);
  if (end > source.length) throw damaged('it ends early', source.length);
  const kind = head.toString('latin1', HEAD_BYTES);
  // The parts of a bundled document are read through its directory.
  const limit = kind === 'DJVM' ? 1 : MAX_CHUNKS;
  return { kind, at, chunks: listChunks(source, at + HEAD_BYTES + 4, end, limit) };
}

function listChunks(source: ByteSource, from: number, end: number, limit: number): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = from; at + HEAD_BYTES <= end && chunks.length < limit;) {
    const head = Buffer.from(source.read(at, HEAD_BYTES));
    const id = head.toString('latin1', 0, 4);
    const length = head.readUInt32BE(4);
    if (!/^[A-Za-z0-9]{4}$/.test(id)) throw damaged('a chunk has no name', at);
    if (at + HEAD_BYTES + length > end) throw damaged(`chunk ${id} ends beyond its page`, at);
    chunks.push({ id, at: at + HEAD_BYTES, length });
    // Chunks start at even offsets.
    at += HEAD_BYTES + length + (length % 2);
  }
  return chunks;
}

/** Flags of INFO that turn the page by 90 degrees. */
const SIDEWAYS: ReadonlySet<number> = new Set([5, 6]);

function readPageSize(source: ByteSource, form: Form): Pick<DjVuPage, 'width' | 'height'> {
  const [info] = form.chunks;
  if (info?.id !== 'INFO' || info.length < 5) throw damaged('a page has no size (INFO)', form.at);
  const data = Buffer.from(source.read(info.at, Math.min(info.length, 10)));
  const [width, height] = [data.readUInt16BE(0), data.readUInt16BE(2)];
  if (width < 1 || height < 1) throw damaged('the width or height of a page is 0', info.at);
  checkLayers(source, form.chunks);
  const isSideways = SIDEWAYS.has((data[9] ?? 0) & 7);
  return isSideways ? { width: height, height: width } : { width, height };
}

/** Layers in wavelets, whose chunks refine one another. */
const WAVELETS: ReadonlySet<string> = new Set(['BG44', 'FG44']);

/** Names of the chunks of a page: pixels, masks, shared dictionaries, annotations, text and metadata. */
const KNOWN_CHUNKS = new Set([
  ...['BG44', 'FG44', 'BG2k', 'FG2k', 'BGjp', 'FGjp', 'Sjbz', 'Smmr', 'Djbz', 'FGbz', 'INCL'],
  ...['INFO', 'ANTa', 'ANTz', 'TXTa', 'TXTz', 'CIDa', 'METa', 'METz', 'LINK', 'TH44', 'FGjb'],
]);

/** The decoder leaves out chunks that it does not know, and those that do not continue the ones before. */
function checkLayers(source: ByteSource, chunks: readonly Chunk[]): void {
  const next = new Map<string, number>();
  for (const { id, at, length } of chunks) {
    if (!KNOWN_CHUNKS.has(id)) throw damaged(`a page has a chunk of an unknown kind`, at);
    if (!WAVELETS.has(id)) continue;
    const expected = next.get(id) ?? 0;
    const serial = source.read(at, 1)[0];
    if (length < 2 || serial !== expected) throw damaged(`chunk ${id} is out of order`, at);
    next.set(id, expected + 1);
  }
}

function unsupported(feature: string) {
  return unsupportedFeature('DjVu', feature, REMEDY);
}

export function damaged(finding: string, byte?: number) {
  return damagedImage({ format: 'DjVu', finding, byte });
}
