import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp, { type Sharp } from 'sharp';

import { runReference, TO_RGB } from '../run-reference.js';
import type { MatrixCase } from './matrix-case.js';

const PICTURE = join(import.meta.dirname, '../../../samples/meadow.jpg');
const SIZE = { width: 157, height: 113 } as const;
const LEVELS = 3;

/** Encoders of sharp; the reference is what ffmpeg decodes. */
const SHARP: readonly (readonly [
  format: string,
  feature: string,
  extension: string,
  encode: (image: Sharp) => Sharp,
])[] = [
  ['JPEG', 'baseline, 4:2:0', 'jpg', (image) => image.jpeg({ quality: 92 })],
  [
    'JPEG',
    'baseline, 4:4:4',
    'jpg',
    (image) => image.jpeg({ quality: 92, chromaSubsampling: '4:4:4' }),
  ],
  ['JPEG', 'progressive', 'jpg', (image) => image.jpeg({ progressive: true })],
  ['JPEG', 'gray', 'jpg', (image) => image.toColourspace('b-w').jpeg()],
  ['PNG', 'RGB', 'png', (image) => image.png()],
  ['PNG', 'interlaced', 'png', (image) => image.png({ progressive: true })],
  ['PNG', 'palette', 'png', (image) => image.png({ palette: true, colours: 64 })],
  ['PNG', 'gray', 'png', (image) => image.toColourspace('b-w').png()],
  ['WebP', 'lossy', 'webp', (image) => image.webp({ quality: 85 })],
  ['WebP', 'lossless', 'webp', (image) => image.webp({ lossless: true })],
  ['GIF', '64 colors', 'gif', (image) => image.gif({ colours: 64 })],
  ...(['none', 'lzw', 'deflate', 'packbits'] as const).flatMap((compression) =>
    [true, false].map(
      (tile) =>
        [
          'TIFF',
          `${compression}, ${tile ? 'tiles' : 'strips'}`,
          'tif',
          (image: Sharp) => image.tiff({ compression, tile, tileWidth: 64, tileHeight: 64 }),
        ] as const,
    ),
  ),
];

/** Encoders of ffmpeg: pixel format, file extension, further options. */
const FFMPEG: readonly (readonly [
  format: string,
  feature: string,
  extension: string,
  pixelFormat: string,
  ...options: string[],
])[] = [
  ['BMP', 'RGB', 'bmp', 'bgr24'],
  ['BMP', '16 bits, 5-6-5', 'bmp', 'rgb565le'],
  ['BMP', '16 bits, 5-5-5', 'bmp', 'rgb555le'],
  ['BMP', 'palette of gray', 'bmp', 'gray'],
  ['TGA', 'RGB, run lengths', 'tga', 'bgr24'],
  ['TGA', 'RGB', 'tga', 'bgr24', '-rle', '0'],
  ['TGA', 'gray', 'tga', 'gray'],
  ['PNM', 'binary PPM', 'ppm', 'rgb24'],
  ['PNM', '16 bits', 'ppm', 'rgb48be'],
  ['PNM', 'binary PGM', 'pgm', 'gray'],
  ['PNM', 'binary PBM', 'pbm', 'monow'],
  ['PNM', 'PAM', 'pam', 'rgb24'],
  ['PNG', '16 bits', 'png', 'rgb48be'],
  ['TIFF', '16 bits, lzw', 'tif', 'rgb48le', '-compression_algo', 'lzw'],
  ['TIFF', 'palette', 'tif', 'gray'],
  ['JPEG 2000', 'RGB', 'jp2', 'rgb24', '-c:v', 'jpeg2000', '-q:v', '1', '-format', 'jp2'],
  ['JPEG 2000', 'codestream', 'j2k', 'rgb24', '-c:v', 'jpeg2000', '-q:v', '1', '-format', 'j2k'],
];

/** Files that start like an image, or like another format, and the code of each. */
const REFUSED: readonly (readonly [feature: string, head: string, code: string])[] = [
  ['QOI', 'qoif', 'UNSUPPORTED_MEDIA_TYPE'],
  ['GIMP', 'gimp xcf v011', 'UNSUPPORTED_MEDIA_TYPE'],
  ['OpenEXR of zeros', 'v/1\x01\x02\0\0\0', 'MEDIA_CORRUPT'],
  ['text', 'Not a picture.', 'UNSUPPORTED_MEDIA_TYPE'],
  ['JPEG of zeros', '\xff\xd8\xff\xe0', 'MEDIA_CORRUPT'],
  ['PNG of zeros', '\x89PNG\r\n\x1a\n', 'MEDIA_CORRUPT'],
  ['PDF of zeros', '%PDF-1.7\n', 'MEDIA_CORRUPT'],
];

/** Makes images with sharp and ffmpeg, which every checkout has, and the pixels that ffmpeg decodes from them. */
export async function makePlainMatrix(folder: string): Promise<readonly MatrixCase[]> {
  const cases: MatrixCase[] = [];
  const source = await sharp(await readFile(PICTURE))
    .resize(SIZE.width, SIZE.height, { fit: 'fill' })
    .png()
    .toBuffer();
  const sourcePath = join(folder, 'source.png');
  writeFileSync(sourcePath, source);
  const nextPath = (extension: string) => {
    const file = `${cases.length}.${extension}`;
    return { file, path: join(folder, file) };
  };
  for (const [format, feature, extension, encode] of SHARP) {
    const { file, path } = nextPath(extension);
    await encode(sharp(source)).toFile(path);
    // ffmpeg does not read tiles, and these files lose nothing.
    const reference = format === 'TIFF' ? sourcePath : path;
    cases.push(withReference(reference, { file, format, feature }));
  }
  for (const [format, feature, extension, pixelFormat, ...options] of FFMPEG) {
    const { file, path } = nextPath(extension);
    const output = ['-frames:v', '1', '-pix_fmt', pixelFormat, ...options, path];
    runReference(['-f', 'png_pipe', '-i', 'pipe:0', ...output], source);
    cases.push(withReference(path, { file, format, feature }));
  }
  for (const [feature, head, code] of REFUSED) {
    const { file, path } = nextPath('bin');
    writeFileSync(path, Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(1000)]));
    const expected = { type: 'refusal', codes: [code] } as const;
    cases.push({ file, format: 'refused', feature, kind: 'image', expected });
  }
  return cases;
}

function withReference(
  path: string,
  named: Pick<MatrixCase, 'file' | 'format' | 'feature'>,
): MatrixCase {
  const pixels = runReference(['-i', path, '-frames:v', '1', ...TO_RGB]);
  const reference = { ...SIZE, read: () => pixels };
  return { ...named, kind: 'image', expected: { type: 'pixels', reference, bound: LEVELS } };
}
