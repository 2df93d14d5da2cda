/** What the tray holds. */
export type MediaFileKind = 'image' | 'video';

/** Endings that browsers give no type for, or a wrong one. */
const EXTENSIONS: Readonly<Record<MediaFileKind, readonly string[]>> = {
  image: ['jpg', 'jpeg', 'png', 'webp', 'gif', 'tif', 'tiff', 'avif', 'heic', 'heif'],
  video: [
    ...['mp4', 'm4v', 'mov', 'webm', 'mkv', 'avi', 'mpg', 'mpeg', 'vob'],
    ...['ts', 'mts', 'm2ts', 'flv', 'wmv', 'asf', 'ogv'],
  ],
};

/** What the file picker offers. */
export const ACCEPTED_FILES = [
  'image/*',
  'video/*',
  ...[...EXTENSIONS.image, ...EXTENSIONS.video].map((extension) => `.${extension}`),
].join(',');

/** Tells a picture from a clip by type, then by name; null for neither. The service decides by the bytes. */
export function fileKind({ name, type }: Pick<File, 'name' | 'type'>): MediaFileKind | null {
  if (type.startsWith('image/')) return 'image';
  if (type.startsWith('video/')) return 'video';
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (EXTENSIONS.image.includes(extension)) return 'image';
  return EXTENSIONS.video.includes(extension) ? 'video' : null;
}
