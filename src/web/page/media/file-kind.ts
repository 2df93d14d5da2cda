/** The kinds of files that can be added. */
export type MediaFileKind = 'image' | 'video';

/** Extensions of formats for which browsers report no MIME type, or a wrong one. */
const EXTENSIONS: Readonly<Record<MediaFileKind, readonly string[]>> = {
  image: [
    ...['jpg', 'jpeg', 'png', 'webp', 'gif', 'tif', 'tiff', 'avif', 'heic', 'heif'],
    ...['pdf', 'bmp', 'pbm', 'pgm', 'ppm', 'pam', 'dng', 'nef', 'cr2', 'arw', 'pef'],
    ...['djvu', 'djv', 'exr', 'cr3', 'raf', 'orf', 'rw2', 'x3f', 'mrw'],
  ],
  video: [
    ...['mp4', 'm4v', 'mov', 'webm', 'mkv', 'avi', 'mpg', 'mpeg', 'vob'],
    ...['ts', 'mts', 'm2ts', 'flv', 'wmv', 'asf', 'ogv'],
    ...[
      'mxf',
      'dv',
      'dif',
      'gxf',
      'y4m',
      'm1v',
      'm2v',
      '264',
      'h264',
      'avc',
      '265',
      'h265',
      'hevc',
    ],
  ],
};

/** The `accept` attribute of the file input. */
export function acceptedFiles(kinds: readonly MediaFileKind[]): string {
  return kinds
    .flatMap((kind) => [`${kind}/*`, ...EXTENSIONS[kind].map((extension) => `.${extension}`)])
    .join(',');
}

/**
 * Guesses the kind from the MIME type, then from the extension. `null` for other files. The service checks the bytes.
 */
export function fileKind({ name, type }: Pick<File, 'name' | 'type'>): MediaFileKind | null {
  if (type.startsWith('image/')) return 'image';
  if (type.startsWith('video/')) return 'video';
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (EXTENSIONS.image.includes(extension)) return 'image';
  return EXTENSIONS.video.includes(extension) ? 'video' : null;
}
