import { matchImageFormat } from '../../media/image-formats.js';
import { sniffMediaKind, unsupportedFormat } from '../../media/sniff-media.js';
import { matchUnsupportedFormat } from '../../media/unsupported-formats.js';
import type { SkipCode } from './source.js';

/** Extensions of the formats that are decoded. A file with another one is judged by its first bytes. */
const MEDIA_EXTENSIONS: ReadonlySet<string> = new Set([
  ...['jpg', 'jpeg', 'jpe', 'jfif', 'png', 'webp', 'gif', 'tif', 'tiff', 'avif', 'bmp', 'dib'],
  ...['pnm', 'pbm', 'pgm', 'ppm', 'pam'],
  ...['mp4', 'm4v', 'mov', 'qt', '3gp', '3g2', 'mkv', 'webm', 'avi', 'mpg', 'mpeg', 'm2v', 'vob'],
  ...['m2ts', 'mts', 'flv', 'wmv', 'asf', 'ogv', 'mxf', 'dv', 'gxf', 'y4m', 'h264', 'hevc'],
]);

/**
 * Extensions of files that describe, caption or preview an image or video of the same name. Thumbnails of cameras
 * (`thm`) and proxies (`lrv`) are themselves media, and would be captioned twice.
 */
const SIDECAR_EXTENSIONS: ReadonlySet<string> = new Set([
  ...['xmp', 'json', 'txt', 'srt', 'vtt', 'sub', 'ass', 'aae', 'pp3', 'dop', 'md5', 'sha256'],
  ...['thm', 'lrv'],
]);

/** Extensions of frequent files that are not opened. Containers of videos can also hold sound alone. */
const OTHER_EXTENSIONS: ReadonlySet<string> = new Set([
  ...['csv', 'tsv', 'jsonl', 'xml', 'html', 'htm', 'css', 'js', 'md', 'log', 'rtf', 'ini', 'lnk'],
  ...['doc', 'docx', 'xls', 'xlsx', 'ppt', 'pptx', 'odt', 'ods', 'odp', 'db', 'mdb', 'sqlite'],
  ...['zip', 'gz', 'tgz', 'tar', '7z', 'rar', 'iso', 'exe', 'dll'],
  ...['mp3', 'm4a', 'm4b', 'oga', 'opus', 'flac', 'wav', 'aif', 'aiff', 'wma', 'ac3'],
]);

/** Names that operating systems and network drives add, in lower case. */
const SYSTEM_NAMES: ReadonlySet<string> = new Set([
  ...['thumbs.db', 'ehthumbs.db', 'desktop.ini', 'icon\r', '@eadir', '#recycle', '__macosx'],
  ...['$recycle.bin', 'system volume information', 'lost+found'],
]);

/** Whether operating systems hide the file or folder, or made it for themselves. AppleDouble files start with `._`. */
export function isHiddenName(name: string): boolean {
  return name.startsWith('.') || SYSTEM_NAMES.has(name.toLowerCase());
}

/**
 * Judges a regular file by its name alone.
 *
 * @returns `media`; `unknown` if the first bytes of the file have to tell; else why it is no item.
 */
export function judgeFileName(
  name: string,
): 'media' | 'unknown' | Extract<SkipCode, 'HIDDEN' | 'SIDECAR' | 'NOT_MEDIA'> {
  if (isHiddenName(name)) return 'HIDDEN';
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (MEDIA_EXTENSIONS.has(extension)) return 'media';
  if (SIDECAR_EXTENSIONS.has(extension)) return 'SIDECAR';
  return OTHER_EXTENSIONS.has(extension) ? 'NOT_MEDIA' : 'unknown';
}

/** Sentences for entries that are no items, where the code tells everything. */
export const SKIP_REASONS = {
  HIDDEN: 'Hidden files and folders, and files of the operating system, are left out.',
  SIDECAR: 'Sidecar files describe another file.',
  NOT_MEDIA: 'The file is neither an image nor a video.',
  EXCLUDED: 'The patterns of the job exclude it.',
  SYMLINK: 'Symbolic links are not followed in this job.',
  SYMLINK_LOOP:
    'The symbolic link leads back to a folder that contains it, or through too many links.',
  SPECIAL_FILE: 'Named pipes, sockets and devices are not opened.',
  OUTSIDE_ROOTS: 'The symbolic link leads out of the folders that the operator allows.',
} as const;

export type FileSkipCode = keyof typeof SKIP_REASONS;

/** Why an entry of a source is no item: code and sentence. */
export type Refusal = readonly [code: SkipCode, reason: string];

/**
 * Judges a file by its first MEDIA_HEAD_BYTES.
 *
 * @returns `null` for an image or video
 */
export function refuseHead(head: Uint8Array): Refusal | null {
  if (matchImageFormat(head) !== null || sniffMediaKind(head) === 'video') return null;
  return matchUnsupportedFormat(head) === undefined
    ? ['NOT_MEDIA', SKIP_REASONS.NOT_MEDIA]
    : ['UNSUPPORTED_MEDIA_TYPE', unsupportedFormat(head).publicMessage];
}
