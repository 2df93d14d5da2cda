import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../../node_modules/.cache/trial-media/venv');
const PACKAGES = [
  'numpy',
  'pillow',
  'pillow-heif',
  'tifffile',
  'imagecodecs',
  'pydicom',
  'OpenEXR',
];

/** Programs of Debian packages that write files of the matrix. */
const PROGRAMS = {
  'libopenjp2-tools': 'opj_compress',
  'openjph-tools': 'ojph_compress',
  'libheif-examples': 'heif-enc',
  'libjxl-tools': 'cjxl',
  'djvulibre-bin': 'c44',
  'libraw-bin': 'dcraw_emu',
  qpdf: 'qpdf',
  imagemagick: 'mogrify',
} as const;

/**
 * The Python of a virtual environment with the libraries that make the matrix, which is made on first use.
 *
 * @returns undefined without Python or without access to its packages.
 */
export function findPython(): string | undefined {
  const python = join(FOLDER, 'bin/python');
  if (!existsSync(python) && !runs('python3', ['-m', 'venv', FOLDER])) return undefined;
  const imports = 'import numpy, PIL, pillow_heif, tifffile, imagecodecs, pydicom, OpenEXR';
  if (runs(python, ['-c', imports])) return python;
  runs(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
  return runs(python, ['-c', 'import numpy, PIL']) ? python : undefined;
}

/** Installs the programs that are missing, as root on Debian. Others go without the files that they write. */
export function installPrograms(): void {
  const missing = Object.entries(PROGRAMS).flatMap(([name, program]) =>
    runs('sh', ['-c', `command -v ${program}`]) ? [] : [name],
  );
  if (missing.length === 0 || process.getuid?.() !== 0) return;
  runs('apt-get', ['install', '--yes', '--quiet', '--no-install-recommends', ...missing]);
}

function runs(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}
