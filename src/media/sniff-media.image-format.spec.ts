import sharp from 'sharp';
import type { SalamandraError } from '../errors/salamandra-error.js';
import { IMAGE_FORMATS } from './image-formats.js';
import { sniffImageFormat } from './sniff-media.js';

const text = (value: string) => Buffer.from(value, 'latin1');

/** The `ftyp` box of an ISO media file. */
function ftyp(brand: string, ...compatible: string[]): Buffer {
  const body = text(`ftyp${brand}\0\0\0\0${compatible.join('')}`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([length, body, Buffer.alloc(64)]);
}

function rejection(bytes: Uint8Array): SalamandraError {
  try {
    sniffImageFormat(bytes);
  } catch (error) {
    return error as SalamandraError;
  }
  throw new Error('The bytes were accepted.');
}

const LABELS = Object.values(IMAGE_FORMATS)
  .map(({ label }) => label)
  .join(', ');

describe('sniffImageFormat', () => {
  const pixel = () =>
    sharp({ create: { width: 2, height: 2, channels: 3, background: '#123456' } });

  it.each([
    ['jpeg', () => pixel().jpeg()],
    ['png', () => pixel().png()],
    ['webp', () => pixel().webp()],
    ['gif', () => pixel().gif()],
    ['tiff', () => pixel().tiff()],
    ['avif', () => pixel().avif({ effort: 0 })],
  ] as const)('recognizes %s', async (format, encode) => {
    expect(sniffImageFormat(await encode().toBuffer())).toBe(format);
  });

  it.each([
    ['tiff', text('MM\0*\0\0\0\b')],
    ['tiff', text('II+\0\b\0\0\0')],
    ['gif', text('GIF87a')],
    ['avif', ftyp('mif1', 'mif1', 'avif')],
    ['avif', ftyp('avis', 'msf1')],
    ['heic', ftyp('heic', 'mif1', 'heic')],
    ['heic', ftyp('mif1', 'mif1', 'heic')],
    ['heic', ftyp('heix')],
    ['pnm', text('P6\n2 1\n255\n')],
    ['pdf', text('%PDF-1.7\n')],
    ['pdf', text('\xef\xbb\xbf\r\n%PDF-1.4\n')],
    ['bmp', text('BM\x1e\0\0\0\0\0\0\0')],
    ['jpeg2000', text('\0\0\0\x0cjP  \r\n\x87\n')],
    ['dicom', Buffer.concat([Buffer.alloc(128), text('DICM')])],
    ['psd', text('8BPS\0\x01')],
    ['hdr', text('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n')],
    ['tga', text('\0\0\x02\0\0\0\0\0\0\0\0\0\x28\0\x1c\0\x18\0')],
    ['jxl', text('\xff\x0a\xfa')],
    ['jxl', text('\0\0\0\x0cJXL \r\n\x87\n')],
    ['ico', text('\0\0\x01\0\x01\0\x10\x10\0\0')],
    ['ico', text('\0\0\x02\0\x03\0\0\0\0\0')],
    ['jpeg2000', text('\xff\x4f\xff\x51\0')],
    ['openexr', text('v/1\x01\x02\0\0\0')],
    ['djvu', text('AT&TFORM\0\0\x10\0DJVUINFO')],
    ['djvu', text('AT&TFORM\0\0\x10\0DJVMDIRM')],
    ['raw', ftyp('crx ', 'crx ', 'isom')],
    ['raw', text('FUJIFILMCCD-RAW 0201')],
    ['raw', text('IIRO\b\0\0\0')],
    ['raw', text('IIU\0\x18\0\0\0')],
  ] as const)('recognizes variants of %s', (format, bytes) => {
    expect(sniffImageFormat(bytes)).toBe(format);
  });

  it('rejects an empty file', () => {
    expect(rejection(new Uint8Array()).code).toBe('MEDIA_EMPTY');
  });

  it.each([
    ['one byte', text('\xff')],
    ['zeros', Buffer.alloc(1000)],
    ['white space', text('  \n\t ')],
    ['plain text', text('an image of a cat')],
    ['compressed SVG', text('\x1f\x8b\x08\0\0\0\0\0')],
    ['HTML', text('<!doctype html><img src=x>')],
    ['ZIP', text('PK\x03\x04')],
    ['a program', text('MZ\x90\0')],
    ['RIFF other than WebP', text('RIFF\x24\0\0\0WAVEfmt ')],
    ['MP4', ftyp('isom', 'isom', 'avc1')],
    ['a truncated ISO header', text('\0\0\0\x20ftypav')],
    ['an ISO header of length 0', text('\0\0\0\0ftypavif')],
    ['a signature after other bytes', text(' \x89PNG\r\n\x1a\n')],
  ])('rejects %s', (_, bytes) => {
    const error = rejection(bytes);

    expect(error.code).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect(error.publicMessage).toBe(
      `Unsupported file format. Send an image (${LABELS}) or a video (MP4/QuickTime, Matroska/WebM, AVI, MPEG, MPEG-TS, FLV, Windows Media, Ogg, MXF, DV, GXF, Y4M, MPEG video, MPEG-4 video, H.264, HEVC).`,
    );
    expect(error.details).toEqual({
      supportedFormats: [
        ...Object.keys(IMAGE_FORMATS),
        ...['mov', 'matroska', 'avi', 'mpeg', 'mpegts', 'flv', 'asf', 'ogg'],
        ...['mxf', 'dv', 'gxf', 'yuv4mpegpipe', 'mpegvideo', 'm4v', 'h264', 'hevc'],
      ],
    });
  });

  const images = `Convert the image: ${LABELS}.`;
  const videos =
    'Convert the video: MP4/QuickTime, Matroska/WebM, AVI, MPEG, MPEG-TS, FLV, Windows Media, Ogg, MXF, DV, GXF, Y4M, MPEG video, MPEG-4 video, H.264, HEVC.';
  it.each([
    ['QOI images', text('qoif\0'), images],
    ['JPEG XR images', text('II\xbc\x01'), images],
    ['GIMP files', text('gimp xcf v011\0'), images],
    ['SVG images', text('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'They can contain scripts'],
    ['SVG images', text('<?xml version="1.0"?>\n<!-- x -->\n<svg/>'), 'They can contain scripts'],
    ['RealMedia files', text('.RMF\0\0\0\x12'), videos],
    ['Playlists', text('#EXTM3U\n'), 'They refer to other files.'],
  ] as const)('names %s', (name, bytes, advice) => {
    const error = rejection(bytes);

    expect(error.code).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect(error.publicMessage).toContain(`${name} are not supported. ${advice}`);
    expect(error.details?.['format']).toBe(name);
  });
});
