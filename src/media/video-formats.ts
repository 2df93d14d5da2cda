import {
  MAX_FFMPEG_ALLOCATION_BYTES,
  MAX_PROBE_BYTES,
  MAX_PROBE_MICROSECONDS,
  MAX_VIDEO_PIXELS,
  MAX_VIDEO_STREAMS,
} from '../config/limits.js';
import { VIDEO_CONTAINERS } from './sniff-media.js';

const VIDEO_CODECS = [
  ...['h264', 'hevc', 'vp8', 'libvpx', 'vp9', 'libvpx-vp9', 'av1', 'libdav1d', 'libaom-av1'],
  ...['mpeg4', 'mpeg2video', 'mpeg1video', 'theora', 'prores', 'mjpeg'],
  // Old archives.
  ...['msmpeg4v2', 'msmpeg4', 'wmv1', 'wmv2', 'wmv3', 'vc1', 'h263', 'flv', 'dvvideo'],
];

/** Nothing of these is used, but ffprobe opens every stream's decoder and fails on one that is off the list. */
const SIDE_CODECS = [
  ...['aac', 'aac_latm', 'mp3float', 'mp3', 'mp2float', 'mp2', 'opus', 'libopus', 'vorbis'],
  ...['ac3', 'eac3', 'flac', 'alac', 'amrnb', 'wmav1', 'wmav2', 'pcm_alaw', 'pcm_mulaw', 'pcm_u8'],
  ...['pcm_s16le', 'pcm_s16be', 'pcm_s24le', 'pcm_s24be', 'pcm_s32le', 'pcm_f32le', 'pcm_bluray'],
  ...['subrip', 'srt', 'ass', 'mov_text'],
];

/**
 * What ffmpeg and ffprobe may open, decode and allocate; input options of both. The containers that are left out matter:
 * playlists (HLS, DASH, ffconcat) and session files open other files and addresses, and subtitle and picture formats reach
 * decoders that nobody needs here.
 */
export const GUARDS: readonly string[] = [
  '-hide_banner',
  ...['-max_alloc', String(MAX_FFMPEG_ALLOCATION_BYTES)],
  ...['-protocol_whitelist', 'file'],
  ...['-format_whitelist', VIDEO_CONTAINERS.join(',')],
  ...['-codec_whitelist', [...VIDEO_CODECS, ...SIDE_CODECS].join(',')],
  ...['-max_streams', String(MAX_VIDEO_STREAMS)],
  ...['-max_pixels', String(MAX_VIDEO_PIXELS)],
  ...['-probesize', String(MAX_PROBE_BYTES)],
  ...['-analyzeduration', String(MAX_PROBE_MICROSECONDS)],
  ...['-threads', '1'],
];
