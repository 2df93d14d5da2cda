import { execFile } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';

import { SalamandraError } from '../errors/salamandra-error.js';
import { EXECUTABLE_SUFFIX, isExecutable, listPaths } from './programs/find-executable.js';

/** Paths of both executables, and an option whose name depends on the version. */
export interface Ffmpeg {
  readonly ffmpegPath: string;
  readonly ffprobePath: string;
  /**
   * Together with `passthrough` it keeps every frame and its timestamp: `-vsync` before ffmpeg 5.1, `-fps_mode` since.
   */
  readonly frameTimingOption: '-vsync' | '-fps_mode';
  /** The filter that deinterlaces; `null` if the build has none. */
  readonly deinterlacer: (typeof DEINTERLACERS)[number] | null;
}

/** Best first. `bwdif` and `yadif` have the same options. */
const DEINTERLACERS = ['bwdif', 'yadif'] as const;

/** The oldest version on which all options are tested. */
const MIN_VERSION = 4.3;
const FIRST_WITH_FPS_MODE = 5.1;
const VERSION_TIMEOUT_MS = 10_000;

let found: Promise<Ffmpeg> | undefined;

/**
 * As `findFfmpeg` in the environment of this process. The search runs ffmpeg twice, and is repeated until it succeeds,
 * because ffmpeg may be installed while the service runs.
 *
 * @throws VIDEO_UNAVAILABLE
 */
export async function findFfmpegOnce(): Promise<Ffmpeg> {
  const search = (found ??= findFfmpeg(process.env));
  return await search.catch((error: unknown) => {
    if (found === search) found = undefined;
    throw error;
  });
}

/**
 * Finds ffmpeg by SALAMANDRA_FFMPEG (path of the executable), or else on PATH. `ffprobe` must be in the same folder.
 *
 * @throws VIDEO_UNAVAILABLE
 */
export async function findFfmpeg(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Ffmpeg> {
  for (const ffmpegPath of listCandidates(env)) {
    const ffprobePath = join(dirname(ffmpegPath), `ffprobe${EXECUTABLE_SUFFIX}`);
    if ((await isExecutable(ffmpegPath)) && (await isExecutable(ffprobePath))) {
      const version = await readVersion(ffmpegPath);
      if (version >= MIN_VERSION) {
        const frameTimingOption = version >= FIRST_WITH_FPS_MODE ? '-fps_mode' : '-vsync';
        const filters = await readOutput(ffmpegPath, ['-hide_banner', '-filters']);
        const deinterlacer =
          DEINTERLACERS.find((name) => new RegExp(`\\b${name}\\b`).test(filters)) ?? null;
        return { ffmpegPath, ffprobePath, frameTimingOption, deinterlacer };
      }
    }
  }
  const remedy = env['SALAMANDRA_FFMPEG']
    ? 'SALAMANDRA_FFMPEG does not name such an executable with ffprobe in the same folder. Correct or unset it.'
    : 'None was found on PATH. Install ffmpeg, or set SALAMANDRA_FFMPEG to its path.';
  throw new SalamandraError(
    'VIDEO_UNAVAILABLE',
    `Videos need ffmpeg and ffprobe ${MIN_VERSION} or newer. ${remedy} Images work without it.`,
  );
}

/** SALAMANDRA_FFMPEG is the only candidate if it is set: PATH must not hide a wrong value. */
function listCandidates(env: Readonly<Record<string, string | undefined>>): string[] {
  const configured = env['SALAMANDRA_FFMPEG'];
  if (configured !== undefined && configured !== '') return [resolve(configured)];
  return listPaths('ffmpeg', env);
}

/** `5.1` for `ffmpeg version 5.1.9-...`, Infinity for builds that are named by a revision, 0 if it does not run. */
async function readVersion(ffmpegPath: string): Promise<number> {
  const text = await readOutput(ffmpegPath, ['-version']);
  const [, name] = /^ffmpeg version (\S+)/.exec(text) ?? [];
  if (name === undefined) return 0;
  const [, number] = /^n?(\d+\.\d+)/.exec(name) ?? [];
  return number === undefined ? Infinity : Number(number);
}

/** Standard output of the program; empty if it fails. */
async function readOutput(path: string, args: readonly string[]): Promise<string> {
  return new Promise((resolveText) => {
    execFile(path, args, { timeout: VERSION_TIMEOUT_MS }, (error, stdout) =>
      resolveText(error ? '' : stdout),
    );
  });
}
