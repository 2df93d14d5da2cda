import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';
import { promisify } from 'node:util';

import createCommand from 'fluent-ffmpeg';

import {
  MAX_FFMPEG_ALLOCATION_BYTES,
  MAX_FFMPEG_CPU_SECONDS,
  MAX_PROBE_BYTES,
  MAX_PROBE_MICROSECONDS,
  MAX_VIDEO_PIXELS,
  MAX_VIDEO_STREAMS,
} from '../config/limits.js';
import { decoderKilled } from './decoder-killed.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import type { ByteRange } from './joined-files.js';
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
  /** ffmpeg's specifier of the stream to decode, such as `2`, or `V:0` for the first one that is no cover art. */
  readonly stream: string;
  /** The part of the file to read. Undefined for all of it. */
  readonly bytes?: ByteRange;
}

/** ffmpeg's address of a file, and the protocols that it needs. */
function toInput({ path, bytes }: VideoFile): { readonly url: string; readonly protocols: string } {
  const url = `file:${path}`;
  if (!bytes) return { url, protocols: 'file' };
  return {
    url: `subfile,,start,${bytes.start},end,${bytes.end},,:${url}`,
    protocols: 'file,subfile',
  };
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
  /**
   * Resolves when ffmpeg has exited: to `null`, or to the error it failed with; SERVER_UNAVAILABLE if something else
   * killed it. Never rejects.
   */
  readonly ended: Promise<Error | null>;
  stop(): void;
}

/**
 * Runs ffmpeg on an untrusted file with GUARD_OPTIONS. Only this function knows fluent-ffmpeg: the package is
 * archived, so a successor has to replace this file alone.
 *
 * There is no deadline here. ffmpeg runs in the process group of the media worker, which is killed as a whole.
 */
export function runFfmpeg(
  ffmpeg: Ffmpeg,
  file: VideoFile,
  { input, output, onLine }: FfmpegArguments,
): FfmpegRun {
  // No close event: fluent-ffmpeg takes it for an aborted consumer and kills ffmpeg 20 ms later.
  const target = new PassThrough({ highWaterMark: PIPE_BYTES, emitClose: false });
  let pipe: Readable | undefined;
  target.once('pipe', (source) => (pipe = source));
  const { url, protocols } = toInput(file);
  const command = createCommand(url)
    .setFfmpegPath(ffmpeg.ffmpegPath)
    .inputOptions([
      ...['-nostdin', '-nostats', '-v', 'info', '-timelimit', String(MAX_FFMPEG_CPU_SECONDS)],
      ...['-filter_threads', '1'],
      ...GUARD_OPTIONS,
      ...['-protocol_whitelist', protocols],
      ...['-f', file.container],
      ...input,
    ])
    // Audio, subtitles and data streams are off.
    .outputOptions(['-map', `0:${file.stream}`, '-an', '-sn', '-dn', ...output])
    .on('stderr', onLine);

  let state: 'waiting' | 'running' | 'stopped' = 'waiting';
  const startMs = performance.now();
  command.on('start', () => {
    if (state === 'stopped') command.kill('SIGKILL');
    else state = 'running';
  });
  const ended = new Promise<Error | null>((resolve) => {
    command.on('end', () => resolve(null));
    command.on('error', (error: Error) => {
      // No process has started, so nothing else ends the stream.
      if (state === 'waiting') target.end();
      const isKilled = state === 'running' && error.message.endsWith('killed with signal SIGKILL');
      // The limit of CPU time kills with the same signal.
      const isEarly = performance.now() - startMs < (MAX_FFMPEG_CPU_SECONDS * 1_000) / 2;
      resolve(isKilled && isEarly ? decoderKilled(error) : error);
    });
  });
  command.output(target).run();

  function stop(): void {
    if (state === 'running') command.kill('SIGKILL');
    state = 'stopped';
    target.destroy();
    // The pipe stays open otherwise, with what ffmpeg wrote and nobody reads: a file descriptor for each stop.
    pipe?.destroy();
  }
  return { stdout: target, ended, stop };
}

/** A stream as ffprobe describes it. Every field may be absent. */
export interface ProbedStream {
  readonly index?: number;
  readonly codec_type?: string;
  readonly width?: number;
  readonly height?: number;
  readonly start_time?: string;
  readonly duration?: string;
  readonly avg_frame_rate?: string;
  readonly nb_frames?: string;
  readonly color_transfer?: string;
  readonly field_order?: string;
  readonly sample_aspect_ratio?: string;
  readonly tags?: { readonly timecode?: string };
  readonly disposition?: Readonly<Record<string, number>>;
  readonly side_data_list?: readonly { readonly rotation?: number }[];
}

export interface ProbedHeaders {
  readonly streams?: readonly ProbedStream[];
  readonly format?: {
    readonly start_time?: string;
    readonly duration?: string;
    readonly tags?: { readonly timecode?: string };
  };
}

const PROBED_ENTRIES = [
  'stream=index,codec_type,width,height,start_time,duration,avg_frame_rate,nb_frames',
  'stream=color_transfer,field_order,sample_aspect_ratio',
  'stream_tags=timecode',
  'format_tags=timecode',
  'stream_disposition',
  'stream_side_data=rotation',
  'format=start_time,duration',
].join(':');

/** Bytes of ffprobe's description of a file with MAX_VIDEO_STREAMS streams, with room to spare. */
const MAX_HEADER_BYTES = 1_000_000;

/**
 * Runs ffprobe on an untrusted file. Of the tags only the timecode is read.
 *
 * @throws SERVER_UNAVAILABLE if something else killed ffprobe, its own error if it fails.
 */
export async function runFfprobe(ffmpeg: Ffmpeg, file: VideoFile): Promise<ProbedHeaders> {
  const options = ['-show_entries', PROBED_ENTRIES, '-of', 'json'];
  const { stdout } = await promisify(execFile)(
    ffmpeg.ffprobePath,
    toProbeArguments(file, options),
    { maxBuffer: MAX_HEADER_BYTES },
  ).catch((error: unknown) => {
    throw (error as { signal?: unknown }).signal === 'SIGKILL' ? decoderKilled(error) : error;
  });
  return JSON.parse(stdout) as ProbedHeaders;
}

/**
 * Lists the packets of all video streams without decoding them. Each line has the index of the stream, presentation
 * time, decoding time, duration, position and flags; unknown values are `N/A`.
 *
 * @param onLine ends the list by returning `stop`
 * @param intervals as ffprobe's `-read_intervals`, on the container's clock; undefined for the whole file
 */
export async function listPackets(
  ffmpeg: Ffmpeg,
  file: VideoFile,
  limitMs: number,
  onLine: (line: string) => 'stop' | undefined,
  intervals?: string,
): Promise<void> {
  const entries = 'packet=stream_index,pts_time,dts_time,duration_time,pos,flags';
  const options = [
    ...['-select_streams', 'v', '-show_entries', entries, '-of', 'csv=p=0'],
    ...(intervals === undefined ? [] : ['-read_intervals', intervals]),
  ];
  const child = spawn(ffmpeg.ffprobePath, toProbeArguments(file, options), {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  // A process that cannot start lists nothing.
  child.on('error', () => undefined);
  for await (const line of createInterface({ input: child.stdout })) {
    if (onLine(line) === 'stop') break;
  }
  child.kill('SIGKILL');
  child.stdout.destroy();
}

function toProbeArguments(file: VideoFile, options: readonly string[]): string[] {
  const { url, protocols } = toInput(file);
  return [
    ...['-v', 'error', ...GUARD_OPTIONS, '-protocol_whitelist', protocols],
    ...['-f', file.container, ...options, url],
  ];
}
