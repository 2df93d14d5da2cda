import { SalamandraError } from '../errors/salamandra-error.js';

/** Every format that is decoded. The loaders of all others are switched off. */
const IMAGE_FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const;

export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** First bytes, as Latin-1 text; `.` stands for any byte. */
const SIGNATURES: readonly (readonly [ImageFormat, RegExp])[] = [
  ['jpeg', /^\xff\xd8\xff/],
  // The dot is 1A: a control character that the lint rules keep out of expressions.
  ['png', /^\x89PNG\r\n.\n/],
  ['webp', /^RIFF.{4}WEBP/s],
  ['gif', /^GIF8[79]a/],
  // 42 is TIFF, 43 BigTIFF; the two letters give the byte order.
  ['tiff', /^(?:II[*+]\0|MM\0[*+])/],
];

/** More than the longest honest list of brands in an ISO media header. */
const HEADER_BYTES = 256;
const BRAND_BYTES = 4;
const FIRST_BRAND_AT = 8;
/** Follows the first brand; it is a version number and no brand. */
const BRAND_VERSION_AT = 12;

const AVIF_BRANDS: ReadonlySet<string> = new Set(['avif', 'avis']);
const HEIC_BRANDS: ReadonlySet<string> = new Set([
  'heic',
  'heix',
  'heim',
  'heis',
  'hevc',
  'hevx',
  'mif1',
  'msf1',
]);

/**
 * Names a picture's format by its first bytes. Names and declared types are never trusted, and what is not
 * on the list (SVG, HTML, PDF, text) never reaches a decoder.
 *
 * @throws SalamandraError MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE
 */
export function sniffImageFormat(bytes: Uint8Array): ImageFormat {
  if (bytes.length === 0) throw new SalamandraError('MEDIA_EMPTY', 'The file is empty.');

  const format = recognizeImage(bytes);
  if (format === 'heic') {
    throw unsupported('HEIC pictures are not supported. Convert it to JPEG or AVIF.');
  }
  if (format === null) {
    throw unsupported('The file is not a JPEG, PNG, WebP, GIF, TIFF or AVIF picture.');
  }
  return format;
}

/** The format that the first bytes speak of, HEIC among them though it is not decoded; null for no picture. */
export function recognizeImage(bytes: Uint8Array): ImageFormat | 'heic' | null {
  const header = Buffer.from(bytes.subarray(0, HEADER_BYTES)).toString('latin1');
  const signature = SIGNATURES.find(([, pattern]) => pattern.test(header));
  if (signature) return signature[0];
  const brands = readBrands(header);
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) return 'avif';
  return brands.some((brand) => HEIC_BRANDS.has(brand)) ? 'heic' : null;
}

/** The brands of an ISO media file: four-letter names of the specifications it follows. Empty for other files. */
function readBrands(header: string): string[] {
  if (header.slice(BRAND_BYTES, FIRST_BRAND_AT) !== 'ftyp') return [];
  const boxBytes = Buffer.from(header.slice(0, BRAND_BYTES), 'latin1').readUInt32BE();
  const end = Math.min(boxBytes, header.length);
  const brands: string[] = [];
  for (let at = FIRST_BRAND_AT; at + BRAND_BYTES <= end; at += BRAND_BYTES) {
    if (at !== BRAND_VERSION_AT) brands.push(header.slice(at, at + BRAND_BYTES));
  }
  return brands;
}

function unsupported(publicMessage: string): SalamandraError {
  return new SalamandraError('UNSUPPORTED_MEDIA_TYPE', publicMessage, {
    details: { supportedFormats: [...IMAGE_FORMATS] },
  });
}
