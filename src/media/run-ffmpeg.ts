import { PassThrough, type Readable } from 'node:stream';

import createCommand, { type FfprobeData } from 'fluent-ffmpeg';

import {
  MAX_FFMPEG_ALLOCATION_BYTES,
  MAX_FFMPEG_CPU_SECONDS,
  MAX_PROBE_BYTES,
  MAX_PROBE_MICROSECONDS,
  MAX_VIDEO_PIXELS,
  MAX_VIDEO_STREAMS,
} from '../config/limits.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import {
  OTHER_CODECS,
  VIDEO_CODECS,
  VIDEO_CONTAINERS,
  type VideoContainer,
} from './video-formats.js';

/** Buffer between ffmpeg and the consumer, in bytes. Node's default of 16 KiB needs hundreds of reads per frame. */
const PIPE_BYTES = 1024 * 1024;

/**
 * Input options of ffmpeg and ffprobe that restrict protocols, demuxers, decoders and memory. The demuxers that are
 * left out matter most: playlists (HLS, DASH, ffconcat) and session files (SDP) open further files and URLs, and
 * subtitle and image demuxers reach decoders that are not needed.
 */
const GUARD_OPTIONS: readonly string[] = [
  '-hide_banner',
  ...['-max_alloc', String(MAX_FFMPEG_ALLOCATION_BYTES)],
  ...['-protocol_whitelist', 'file'],
  ...['-format_whitelist', VIDEO_CONTAINERS.join(',')],
  ...['-codec_whitelist', [...VIDEO_CODECS, ...OTHER_CODECS].join(',')],
  ...['-max_streams', String(MAX_VIDEO_STREAMS)],
  ...['-max_pixels', String(MAX_VIDEO_PIXELS)],
  ...['-probesize', String(MAX_PROBE_BYTES)],
  ...['-analyzeduration', String(MAX_PROBE_MICROSECONDS)],
  ...['-threads', '1'],
];

/** A video file and the demuxer that opens it. */
export interface VideoFile {
  /** Passed to ffmpeg as `file:<path>`, so that no file name is parsed as an option or a URL. */
  readonly path: string;
  /** Passed to ffmpeg as `-f`, so that neither the content nor a name such as `%d.png` selects another demuxer. */
  readonly container: VideoContainer;
}

export interface FfmpegArguments {
  readonly input: readonly string[];
  readonly output: readonly string[];
  /** Called with each line of ffmpeg's log. */
  readonly onLine: (line: string) => void;
}

export interface FfmpegRun {
  /** ffmpeg's standard output. ffmpeg waits while it is not consumed. */
  readonly stdout: Readable;
  /** Resolves when ffmpeg has exited: to `null`, or to the error it failed with. Never rejects. */
  readonly ended: Promise<Error | null>;
  stop(): void;
}

/**
 * Runs ffmpeg on an untrusted file with GUARD_OPTIONS. Only this function and `runFfprobe` know fluent-ffmpeg: the
 * package is archived, so a successor has to replace this file alone.
 *
 * There is no deadline here. ffmpeg runs in the process group of the media worker, which is killed as a whole.
 */
export function runFfmpeg(
  ffmpeg: Ffmpeg,
  { path, container }: VideoFile,
  { input, output, onLine }: FfmpegArguments,
): FfmpegRun {
  // No close event: fluent-ffmpeg takes it for an aborted consumer and kills ffmpeg 20 ms later.
  const target = new PassThrough({ highWaterMark: PIPE_BYTES, emitClose: false });
  const command = createCommand(`file:${path}`)
    .setFfmpegPath(ffmpeg.ffmpegPath)
    .inputOptions([
      ...['-nostdin', '-nostats', '-v', 'info', '-timelimit', String(MAX_FFMPEG_CPU_SECONDS)],
      ...['-filter_threads', '1'],
      ...GUARD_OPTIONS,
      ...['-f', container],
      ...input,
    ])
    // `V` excludes cover art. Audio, subtitles and data streams are off.
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
      // No process has started, so nothing else ends the stream.
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
  return { stdout: target, ended, stop };
}

/**
 * Runs ffprobe on an untrusted file. Tags are excluded: they are free text by the file's author.
 *
 * @returns format and streams. Rejects with ffprobe's log as the message.
 */
export function runFfprobe(ffmpeg: Ffmpeg, { path, container }: VideoFile): Promise<FfprobeData> {
  const withoutTags = ['-show_entries', 'stream_tags=:format_tags='];
  const options = ['-v', 'error', ...GUARD_OPTIONS, '-f', container, ...withoutTags];
  return new Promise((resolve, reject) => {
    createCommand(`file:${path}`)
      .setFfprobePath(ffmpeg.ffprobePath)
      .ffprobe(0, options, (error: Error | null, data) => {
        if (error) reject(error);
        else resolve(data);
      });
  });
}
