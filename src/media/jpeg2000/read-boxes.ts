import { type ByteSource, memorySource } from '../byte-source.js';
import { unsupportedFeature } from '../image-errors.js';
import { listBoxes } from '../list-boxes.js';
import { damaged, LABEL, REMEDY } from './read-codestream.js';

/** The boxes of a JP2 or JPX file that describe the picture; `null` or empty for those that it does not have. */
export interface ImageBoxes {
  /** Place of the codestream in the file. */
  readonly codestreamAt: number;
  readonly codestreamBytes: number;
  readonly palette: Palette | null;
  /** Component mapping: one entry per channel. */
  readonly mapping: readonly ChannelSource[];
  /** Channel definitions, in any order. */
  readonly definitions: readonly ChannelDefinition[];
  /** Color specifications that name a space, in order of the file. */
  readonly colors: readonly ColorSpecification[];
}

export interface Palette {
  /** Bits per entry of each column. */
  readonly bits: readonly number[];
  /** Row by row. */
  readonly entries: readonly (readonly number[])[];
}

export interface ChannelSource {
  readonly component: number;
  /** Column of the palette; `null` for the component itself. */
  readonly column: number | null;
}

export interface ChannelDefinition {
  readonly channel: number;
  /** 0 color, 1 opacity, 2 premultiplied opacity, 65,535 unspecified. */
  readonly type: number;
  /** Number of the color from 1; 0 for the whole image. */
  readonly association: number;
}

export type ColorSpecification =
  | { readonly kind: 'enumerated'; readonly space: number }
  | { readonly kind: 'icc'; readonly profile: Uint8Array };

/** Bytes of the header box: ICC profiles of printers have a megabyte. */
const MAX_HEADER_BOX_BYTES = 16_000_000;

const ENUMERATED = 1;
const RESTRICTED_ICC = 2;
const ANY_ICC = 3;

/**
 * Reads the boxes up to the first codestream. Sources: ISO/IEC 15444-1, annex I (JP2); 15444-2, annex M (JPX).
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export function readBoxes(source: ByteSource): ImageBoxes {
  let header: Pick<ImageBoxes, 'palette' | 'mapping' | 'definitions' | 'colors'> | undefined;
  for (const box of listBoxes(source, { start: 0, end: source.length }, LABEL)) {
    switch (box.type) {
      case 'ftyp':
        checkBrand(Buffer.from(source.read(box.start, 4)).toString('latin1'));
        break;
      case 'jp2h':
        if (box.end - box.start > MAX_HEADER_BOX_BYTES) {
          throw damaged(`its header box has ${box.end - box.start} bytes`, box.start);
        }
        header = readHeaderBox(source.read(box.start, box.end - box.start));
        break;
      case 'ftbl':
        throw unsupportedFeature(LABEL, 'a codestream in fragments', REMEDY);
      case 'jp2c':
        if (!header) throw damaged('its header box is missing', box.start);
        return { ...header, codestreamAt: box.start, codestreamBytes: box.end - box.start };
    }
  }
  throw damaged('it has no codestream', source.length);
}

/** Motion JPEG 2000 and compound documents share the signature. */
function checkBrand(brand: string): void {
  if (brand === 'mjp2') throw unsupportedFeature(LABEL, 'moving pictures (MJ2)', 'Send a video.');
  if (brand === 'jpm ') throw unsupportedFeature(LABEL, 'compound pages (JPM)', REMEDY);
}

function readHeaderBox(bytes: Uint8Array): Omit<ImageBoxes, 'codestreamAt' | 'codestreamBytes'> {
  let palette: Palette | null = null;
  let mapping: ChannelSource[] = [];
  let definitions: ChannelDefinition[] = [];
  const colors: ColorSpecification[] = [];
  for (const { type, start, end } of listBoxes(
    memorySource(bytes),
    { start: 0, end: bytes.length },
    LABEL,
  )) {
    const box = Buffer.from(bytes.subarray(start, end));
    if (type === 'pclr') palette = readPalette(box);
    if (type === 'cmap') {
      mapping = listRecords(box, 4).map((entry) => ({
        component: entry.readUInt16BE(0),
        column: entry[2] === 1 ? entry.readUInt8(3) : null,
      }));
    }
    if (type === 'cdef') {
      definitions = listRecords(box.subarray(2), 6).map((entry) => ({
        channel: entry.readUInt16BE(0),
        type: entry.readUInt16BE(2),
        association: entry.readUInt16BE(4),
      }));
    }
    if (type === 'colr') colors.push(...readColor(box));
  }
  return { palette, mapping, definitions, colors };
}

function listRecords(box: Buffer, bytes: number): Buffer[] {
  const count = Math.floor(box.length / bytes);
  return Array.from({ length: count }, (_, index) =>
    box.subarray(index * bytes, (index + 1) * bytes),
  );
}

function readPalette(box: Buffer): Palette {
  if (box.length < 3) throw damaged('its palette is incomplete');
  const rows = box.readUInt16BE(0);
  const columns = box.readUInt8(2);
  const depths = [...box.subarray(3, 3 + columns)];
  if (rows < 1 || rows > 1024 || columns < 1 || depths.length < columns) {
    throw damaged(`its palette has ${rows} entries of ${columns} columns`);
  }
  const bits = depths.map((depth) => (depth & 0x7f) + 1);
  if (depths.some((depth) => depth & 0x80) || bits.some((depth) => depth > 16)) {
    throw unsupportedFeature(LABEL, 'a palette of signed or of more than 16 bits', REMEDY);
  }
  let at = 3 + columns;
  const rowBytes = bits.reduce((sum, depth) => sum + (depth > 8 ? 2 : 1), 0);
  if (box.length < at + rows * rowBytes) throw damaged('its palette is incomplete');
  const entries = Array.from({ length: rows }, () =>
    bits.map((depth) => {
      const value = depth > 8 ? box.readUInt16BE(at) : box.readUInt8(at);
      at += depth > 8 ? 2 : 1;
      return value;
    }),
  );
  return { bits, entries };
}

/** Nothing for the methods of vendors: files have another specification beside them. */
function readColor(box: Buffer): ColorSpecification[] {
  if (box.length < 3) return [];
  const method = box[0];
  if (method === ENUMERATED && box.length >= 7) {
    return [{ kind: 'enumerated', space: box.readUInt32BE(3) }];
  }
  if (method === RESTRICTED_ICC || method === ANY_ICC) {
    return [{ kind: 'icc', profile: box.subarray(3) }];
  }
  return [];
}
