import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';

import { SalamandraError } from '../errors/salamandra-error.js';

/** The two programs, and how one option of this version is written. */
export interface Ffmpeg {
  readonly ffmpegPath: string;
  readonly ffprobePath: string;
  /** Keeps frames and their times as they are: `-vsync` until 5.0, `-fps_mode` after. */
  readonly keepTimesOption: '-vsync' | '-fps_mode';
}

/** The oldest version whose options are known to do what they are used for. */
const OLDEST_VERSION = 4.3;
const FIRST_WITH_FPS_MODE = 5.1;
const VERSION_TIMEOUT_MS = 10_000;

const SUFFIX = process.platform === 'win32' ? '.exe' : '';

/**
 * Finds ffmpeg: SALAMANDRA_FFMPEG, the path of the program, or else the first on PATH. `ffprobe` has to stand beside it.
 *
 * @throws SalamandraError VIDEO_UNAVAILABLE
 */
export async function findFfmpeg(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Ffmpeg> {
  for (const ffmpegPath of listCandidates(env)) {
    const ffprobePath = join(dirname(ffmpegPath), `ffprobe${SUFFIX}`);
    if ((await isExecutable(ffmpegPath)) && (await isExecutable(ffprobePath))) {
      const version = await readVersion(ffmpegPath);
      if (version >= OLDEST_VERSION) {
        const keepTimesOption = version >= FIRST_WITH_FPS_MODE ? '-fps_mode' : '-vsync';
        return { ffmpegPath, ffprobePath, keepTimesOption };
      }
    }
  }
  throw new SalamandraError(
    'VIDEO_UNAVAILABLE',
    `Clips need ffmpeg ${OLDEST_VERSION} or newer with ffprobe, and this machine has none. Pictures work without it.`,
  );
}

/** SALAMANDRA_FFMPEG stands alone where it is set: a wrong one must not be passed over in silence. */
function listCandidates(env: Readonly<Record<string, string | undefined>>): string[] {
  const chosen = env['SALAMANDRA_FFMPEG'];
  if (chosen !== undefined && chosen !== '') return [resolve(chosen)];
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => resolve(folder, `ffmpeg${SUFFIX}`));
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** `5.1` of `ffmpeg version 5.1.9-...`; Infinity for builds named by a revision; 0 for what does not run. */
async function readVersion(ffmpegPath: string): Promise<number> {
  const text = await new Promise<string>((resolveText) => {
    execFile(ffmpegPath, ['-version'], { timeout: VERSION_TIMEOUT_MS }, (error, stdout) =>
      resolveText(error ? '' : stdout),
    );
  });
  const [, name] = /^ffmpeg version (\S+)/.exec(text) ?? [];
  if (name === undefined) return 0;
  const [, number] = /^n?(\d+\.\d+)/.exec(name) ?? [];
  return number === undefined ? Infinity : Number(number);
}
