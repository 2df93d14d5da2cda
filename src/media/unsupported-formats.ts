import { type MediaKind, startsWith } from './signatures.js';

/** As MEDIA_HEAD_BYTES. */
const HEADER_BYTES = 256;

/** A format that is recognized for its error message, but not decoded. */
export interface UnsupportedFormat {
  /** Plural noun phrase that starts a sentence. */
  readonly name: string;
  readonly kind: MediaKind;
  /** Tests the first HEADER_BYTES, read as Latin-1. */
  readonly matches: (header: string) => boolean;
  /** Reason and remedy, where it is not to convert the file to a usual format. */
  readonly advice?: string;
}

/** The first match wins. */
const FORMATS: readonly UnsupportedFormat[] = [
  image('JPEG XR images', /^II\xbc/),
  image('GIMP files', /^gimp xcf/),
  image('PostScript files', ['%!PS', '\xc5\xd0\xd3\xc6'], 'Export the page as an image.'),
  image(
    'SVG images',
    /^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s/>]/s,
    'They can contain scripts and references to other files. Export the image as PNG.',
  ),
  image('QOI images', /^qoif/),
  image('PCX images', ['\n\x05\x01']),
  image('FITS images', /^SIMPLE {2}=/),
  video('IVF files', /^DKIF/),
  video('RealMedia files', /^\.RMF/),
  video(
    'Playlists',
    /^(?:\xef\xbb\xbf)?(?:#EXTM3U|\[playlist\]|ffconcat version)/,
    'They refer to other files. Send the video file itself.',
  ),
];

/** A pattern, the first bytes of the variants, or a test. */
type Signature = RegExp | readonly string[] | ((header: string) => boolean);

function image(name: string, signature: Signature, advice?: string): UnsupportedFormat {
  return { name, kind: 'image', ...describe(signature, advice) };
}

function video(name: string, signature: Signature, advice?: string): UnsupportedFormat {
  return { name, kind: 'video', ...describe(signature, advice) };
}

function describe(signature: Signature, advice: string | undefined) {
  return { matches: toTest(signature), ...(advice !== undefined && { advice }) };
}

function toTest(signature: Signature): (header: string) => boolean {
  if (typeof signature === 'function') return signature;
  if (signature instanceof RegExp) return startsWith(signature);
  return (header) => signature.some((start) => header.startsWith(start));
}

/** The format of a file that is neither decoded as an image nor as a video; `undefined` for anything unknown. */
export function matchUnsupportedFormat(head: Uint8Array): UnsupportedFormat | undefined {
  const header = Buffer.from(head.subarray(0, HEADER_BYTES)).toString('latin1');
  return FORMATS.find(({ matches }) => matches(header));
}
