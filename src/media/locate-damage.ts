import { crc32 } from 'node:zlib';

import type { ByteSource } from './byte-source.js';
import type { ImageFormat } from './image-formats.js';
import { findJpegEnd } from './jpeg/inspect-jpeg.js';

/** Bytes of a file that is searched for damage. */
const MAX_SEARCHED_BYTES = 200_000_000;

/**
 * Where a file that its decoder rejected is damaged: its length if it ends early, or the start of the first part whose
 * checksum is wrong. `undefined` where the structure does not tell.
 */
export function locateDamage(format: ImageFormat, source: ByteSource): number | undefined {
  if (source.length > MAX_SEARCHED_BYTES) return undefined;
  const bytes = source.read(0, source.length);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (format) {
    case 'jpeg':
      return findJpegEnd(bytes) === 'marked' ? undefined : bytes.length;
    case 'png':
      return locatePngDamage(buffer);
    case 'webp':
      // The RIFF header counts the bytes after itself.
      return buffer.length < 12 || buffer.readUInt32LE(4) + 8 > buffer.length
        ? buffer.length
        : undefined;
    case 'gif':
      // The trailer.
      return buffer.at(-1) === 0x3b ? undefined : buffer.length;
    case 'avif':
    case 'heic':
      return locateBoxDamage(buffer);
    // Their readers tell themselves.
    case 'tiff':
    case 'bmp':
    case 'pnm':
    case 'jpeg2000':
    case 'jxl':
    case 'ico':
    case 'psd':
    case 'dicom':
    case 'hdr':
    case 'openexr':
    case 'djvu':
    case 'raw':
    case 'tga':
    case 'pdf':
      return undefined;
  }
}

/** Source: PNG specification, third edition, section 5.3. */
function locatePngDamage(buffer: Buffer): number | undefined {
  let at = 8;
  while (at + 12 <= buffer.length) {
    const length = buffer.readUInt32BE(at);
    const end = at + 12 + length;
    if (end > buffer.length) return buffer.length;
    if (crc32(buffer.subarray(at + 4, end - 4)) !== buffer.readUInt32BE(end - 4)) return at;
    if (buffer.toString('latin1', at + 4, at + 8) === 'IEND') return undefined;
    at = end;
  }
  return buffer.length;
}

/** Source: ISO/IEC 14496-12, section 4.2. */
function locateBoxDamage(buffer: Buffer): number | undefined {
  let at = 0;
  while (at < buffer.length) {
    if (at + 8 > buffer.length) return buffer.length;
    const size = buffer.readUInt32BE(at);
    // 0: up to the end of the file. 1: a 64-bit size, which only huge files have.
    if (size === 0 || size === 1) return undefined;
    if (size < 8) return at;
    at += size;
  }
  return at > buffer.length ? buffer.length : undefined;
}
