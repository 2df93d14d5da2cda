import sharp from 'sharp';
import type { SalamandraError } from '../errors/salamandra-error.js';
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
    ['SVG', text('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['SVG with a declaration', text('<?xml version="1.0"?>\n<svg/>')],
    ['compressed SVG', text('\x1f\x8b\x08\0\0\0\0\0')],
    ['HTML', text('<!doctype html><img src=x>')],
    ['PDF', text('%PDF-1.7\n')],
    ['ZIP', text('PK\x03\x04')],
    ['a program', text('MZ\x90\0')],
    ['BMP', text('BM\x1e\0\0\0')],
    ['RIFF other than WebP', text('RIFF\x24\0\0\0WAVEfmt ')],
    ['JPEG 2000', text('\0\0\0\x0cjP  \r\n\x87\n')],
    ['MP4', ftyp('isom', 'isom', 'avc1')],
    ['a truncated ISO header', text('\0\0\0\x20ftypav')],
    ['an ISO header of length 0', text('\0\0\0\0ftypavif')],
    ['a signature after other bytes', text(' \x89PNG\r\n\x1a\n')],
  ])('rejects %s', (_, bytes) => {
    const error = rejection(bytes);

    expect(error.code).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect(error.publicMessage).toBe(
      'Unsupported file format. Send an image (JPEG, PNG, WebP, GIF, TIFF, AVIF) or a video (MP4/QuickTime, Matroska/WebM, AVI, MPEG, MPEG-TS, FLV, Windows Media, Ogg, MXF, DV, GXF, Y4M, MPEG video, MPEG-4 video, H.264, HEVC).',
    );
    expect(error.details).toEqual({
      supportedFormats: [
        ...['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'],
        ...['mov', 'matroska', 'avi', 'mpeg', 'mpegts', 'flv', 'asf', 'ogg'],
        ...['mxf', 'dv', 'gxf', 'yuv4mpegpipe', 'mpegvideo', 'm4v', 'h264', 'hevc'],
      ],
    });
  });

  it.each([ftyp('heic', 'mif1', 'heic'), ftyp('mif1', 'mif1', 'heic'), ftyp('heix')])(
    'says that HEIC is not supported',
    (bytes) => {
      expect(rejection(bytes)).toMatchObject({
        code: 'UNSUPPORTED_MEDIA_TYPE',
        publicMessage: 'HEIC images are not supported. Convert the image to JPEG or AVIF.',
      });
    },
  );
});
