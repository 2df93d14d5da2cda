import { PassThrough, type Readable } from 'node:stream';

import createCommand, { type FfprobeData } from 'fluent-ffmpeg';

import { MAX_FFMPEG_CPU_SECONDS } from '../config/limits.js';
import { GUARDS } from './video-formats.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import type { VideoContainer } from './sniff-media.js';

/** Bytes between ffmpeg and its reader; its default of 16 kB would take hundreds of turns a frame. */
const PIPE_BYTES = 1024 * 1024;

/** A file, and the only container it is read as. */
export interface ClipFile {
  /** It reaches ffmpeg with its protocol, so that no name can be taken for an option or an address. */
  readonly path: string;
  /** Given to ffmpeg, so that neither content nor name (`%d.png`) makes it guess another. */
  readonly container: VideoContainer;
}

export interface FfmpegArguments {
  readonly input: readonly string[];
  readonly output: readonly string[];
  /** Takes every line of ffmpeg's log. */
  readonly onLine: (line: string) => void;
}

export interface FfmpegRun {
  /** What ffmpeg writes; it waits while nobody reads. */
  readonly output: Readable;
  /** Resolves when ffmpeg is gone, to null or to what it failed with; never rejects. */
  readonly ended: Promise<Error | null>;
  stop(): void;
}

/**
 * Runs ffmpeg on an untrusted file, with every guard on. The only place that knows fluent-ffmpeg, together with
 * `runFfprobe`: its project is archived, and a successor then replaces this file alone.
 *
 * Neither deadlines nor the caller's end are looked after here: ffmpeg runs in the process group of the media worker, which
 * is killed as a whole.
 */
export function runFfmpeg(
  ffmpeg: Ffmpeg,
  { path, container }: ClipFile,
  { input, output, onLine }: FfmpegArguments,
): FfmpegRun {
  // Without its close event: fluent-ffmpeg takes one for a reader who left, and kills 20 ms later.
  const target = new PassThrough({ highWaterMark: PIPE_BYTES, emitClose: false });
  const command = createCommand(`file:${path}`)
    .setFfmpegPath(ffmpeg.ffmpegPath)
    .inputOptions([
      ...['-nostdin', '-nostats', '-v', 'info', '-timelimit', String(MAX_FFMPEG_CPU_SECONDS)],
      ...['-filter_threads', '1'],
      ...GUARDS,
      ...['-f', container],
      ...input,
    ])
    // Not the picture of a song's cover (V rather than v), no sound, no subtitles, no data.
    .outputOptions(['-map', '0:V:0', '-an', '-sn', '-dn', ...output])
    .on('stderr', onLine);

  let state: 'waiting' | 'running' | 'stopped' = 'waiting';
  command.on('start', () => {
    if (state === 'stopped') command.kill('SIGKILL');
    else state = 'running';
  });
  const ended = new Promise<Error | null>((resolve) => {
    command.on('end', () => resolve(null));
    command.on('error', (error: Error) => {
      // Nothing was started that could end its output.
      if (state === 'waiting') target.end();
      resolve(error);
    });
  });
  command.output(target).run();

  function stop(): void {
    if (state === 'running') command.kill('SIGKILL');
    state = 'stopped';
    target.destroy();
  }
  return { output: target, ended, stop };
}

/**
 * Reads a file's headers. The format and each stream come without their tags, which hold text of the file's author.
 * Rejects with ffprobe's log as the message.
 */
export function runFfprobe(ffmpeg: Ffmpeg, { path, container }: ClipFile): Promise<FfprobeData> {
  const withoutTags = ['-show_entries', 'stream_tags=:format_tags='];
  const options = ['-v', 'error', ...GUARDS, '-f', container, ...withoutTags];
  return new Promise((resolve, reject) => {
    createCommand(`file:${path}`)
      .setFfprobePath(ffmpeg.ffprobePath)
      .ffprobe(0, options, (error: Error | null, data) => {
        if (error) reject(error);
        else resolve(data);
      });
  });
}
