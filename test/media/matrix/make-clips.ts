import { join } from 'node:path';

import { runReference, TO_RGB } from '../run-reference.js';
import type { SkippedCase } from './matrix-case.js';
import { CLIP_FRAMES, CLIP_RATE, type ClipCase, type ClipExpectation } from './clip-case.js';

const PICTURE = join(import.meta.dirname, '../../../samples/fox-at-dusk.jpg');

/** Container and file extension, codec, and ffmpeg's options of the encoder. */
const CLIPS: readonly (readonly [
  container: string,
  extension: string,
  codec: string,
  ...options: string[],
])[] = [
  ['MP4', 'mp4', 'MPEG-4', '-c:v', 'mpeg4', '-q:v', '2'],
  ['MP4', 'mp4', 'H.264', '-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
  ['MP4', 'mp4', 'H.264 with B frames', '-c:v', 'libx264', '-bf', '3', '-pix_fmt', 'yuv420p'],
  ['MP4', 'mp4', 'H.264, 10 bits', '-c:v', 'libx264', '-pix_fmt', 'yuv420p10le'],
  ['MP4', 'mp4', 'H.264, 4:4:4', '-c:v', 'libx264', '-pix_fmt', 'yuv444p'],
  ['MP4', 'mp4', 'H.264, one key frame', '-c:v', 'libx264', '-g', '999', '-pix_fmt', 'yuv420p'],
  [
    'MP4',
    'mp4',
    'H.264, fragments',
    ...['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-movflags', 'frag_keyframe+empty_moov'],
  ],
  [
    'MP4',
    'mp4',
    'HEVC',
    '-c:v',
    'libx265',
    '-pix_fmt',
    'yuv420p',
    '-x265-params',
    'log-level=none',
  ],
  ['MP4', 'mp4', 'AV1', '-c:v', 'libsvtav1', '-preset', '12'],
  ['QuickTime', 'mov', 'ProRes', '-c:v', 'prores_ks'],
  [
    'QuickTime',
    'mov',
    'ProRes 4444',
    '-c:v',
    'prores_ks',
    '-profile:v',
    '4',
    '-pix_fmt',
    'yuv444p10le',
  ],
  [
    'QuickTime',
    'mov',
    'DNxHR',
    '-c:v',
    'dnxhd',
    '-profile:v',
    'dnxhr_sq',
    '-pix_fmt',
    'yuv422p',
    '-s',
    '320x192',
  ],
  ['QuickTime', 'mov', 'v210', '-c:v', 'v210'],
  ['QuickTime', 'mov', 'QTRLE', '-c:v', 'qtrle'],
  ['QuickTime', 'mov', 'MJPEG', '-c:v', 'mjpeg', '-q:v', '2'],
  ['QuickTime', 'mov', 'JPEG 2000', '-c:v', 'jpeg2000'],
  ['QuickTime', 'mov', 'raw', '-c:v', 'rawvideo', '-pix_fmt', 'uyvy422'],
  ['Matroska', 'mkv', 'FFV1', '-c:v', 'ffv1', '-level', '3'],
  ['Matroska', 'mkv', 'FFV1, version 1', '-c:v', 'ffv1', '-level', '1'],
  ['Matroska', 'mkv', 'FFV1, 10 bits', '-c:v', 'ffv1', '-pix_fmt', 'yuv422p10le'],
  ['Matroska', 'mkv', 'HuffYUV', '-c:v', 'huffyuv'],
  ['Matroska', 'mkv', 'UtVideo', '-c:v', 'utvideo'],
  ['Matroska', 'mkv', 'VP8', '-c:v', 'libvpx', '-b:v', '2M'],
  ['WebM', 'webm', 'VP9', '-c:v', 'libvpx-vp9', '-b:v', '2M', '-deadline', 'realtime'],
  ['AVI', 'avi', 'MPEG-4', '-c:v', 'mpeg4', '-q:v', '2'],
  ['AVI', 'avi', 'MJPEG', '-c:v', 'mjpeg', '-q:v', '2'],
  ['AVI', 'avi', 'Cinepak', '-c:v', 'cinepak'],
  ['AVI', 'avi', 'MS Video 1', '-c:v', 'msvideo1'],
  ['AVI', 'avi', 'HuffYUV', '-c:v', 'ffvhuff'],
  ['AVI', 'avi', 'raw', '-c:v', 'rawvideo', '-pix_fmt', 'bgr24'],
  ['Windows Media', 'wmv', 'WMV 2', '-c:v', 'wmv2', '-q:v', '2'],
  ['Windows Media', 'wmv', 'MS-MPEG-4 v3', '-c:v', 'msmpeg4', '-q:v', '2'],
  ['FLV', 'flv', 'Sorenson H.263', '-c:v', 'flv', '-q:v', '2'],
  ['FLV', 'flv', 'H.264', '-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
  ['Ogg', 'ogv', 'Theora', '-c:v', 'libtheora', '-q:v', '9'],
  ['MPEG-TS', 'ts', 'H.264', '-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
  ['MPEG-TS', 'm2ts', 'H.264, M2TS', '-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
  [
    'MXF',
    'mxf',
    'DNxHR',
    '-c:v',
    'dnxhd',
    '-profile:v',
    'dnxhr_sq',
    '-pix_fmt',
    'yuv422p',
    '-s',
    '320x192',
  ],
  ['MXF', 'mxf', 'MPEG-2', '-c:v', 'mpeg2video', '-q:v', '2'],
  ['MPEG', 'vob', 'MPEG-2', '-c:v', 'mpeg2video', '-q:v', '2'],
  ['MPEG', 'mpg', 'MPEG-1', '-c:v', 'mpeg1video', '-q:v', '2'],
  ['MPEG-TS', 'ts', 'MPEG-2', '-c:v', 'mpeg2video', '-q:v', '2'],
  ['Elementary stream', 'm2v', 'MPEG-2', '-c:v', 'mpeg2video', '-q:v', '2'],
  ['Elementary stream', 'm4v', 'MPEG-4', '-c:v', 'mpeg4', '-q:v', '2'],
  ['Elementary stream', 'h264', 'H.264', '-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
  [
    'Elementary stream',
    'hevc',
    'HEVC',
    '-c:v',
    'libx265',
    '-pix_fmt',
    'yuv420p',
    '-x265-params',
    'log-level=none',
  ],
  ['DV', 'dv', 'DV', '-c:v', 'dvvideo', '-s', '720x576', '-pix_fmt', 'yuv420p'],
  ['GXF', 'gxf', 'MPEG-2', '-c:v', 'mpeg2video', '-q:v', '2', '-s', '720x576'],
  ['Y4M', 'y4m', 'raw', '-pix_fmt', 'yuv420p'],
  ['refused', 'mkv', 'SVQ1', '-c:v', 'svq1'],
  ['refused', 'mov', 'Hap', '-c:v', 'hap'],
  ['refused', 'mkv', 'Dirac', '-c:v', 'vc2'],
];

/** Clips that a checkout of any ffmpeg makes in seconds. */
const SHORT = new Set([
  'MP4, MPEG-4',
  'Matroska, FFV1',
  'AVI, MJPEG',
  'MPEG-TS, MPEG-2',
  'MXF, MPEG-2',
]);

interface Clips {
  readonly cases: readonly ClipCase[];
  readonly skipped: readonly SkippedCase[];
}

/** Encodes a moving picture in every container and codec, and decodes the reference with ffmpeg. */
export function makeClips(folder: string, isShort: boolean): Clips {
  const source = join(folder, 'source.mkv');
  const window = 'scale=480:288,crop=160:96:n*6:n*3,eq=brightness=0.2*sin(n):eval=frame';
  const frames = ['-frames:v', String(CLIP_FRAMES), '-c:v', 'ffv1', '-pix_fmt', 'yuv422p'];
  runReference([
    '-loop',
    '1',
    '-framerate',
    String(CLIP_RATE),
    '-i',
    PICTURE,
    '-vf',
    window,
    ...frames,
    source,
  ]);
  const cases: ClipCase[] = [];
  const skipped: SkippedCase[] = [];
  for (const [container, extension, codec, ...options] of CLIPS) {
    if (isShort && !SHORT.has(`${container}, ${codec}`)) continue;
    const file = `${cases.length}.${extension}`;
    const path = join(folder, file);
    try {
      runReference(['-i', source, ...options, path]);
    } catch (error) {
      const [, reason = ''] = (error as Error).message.split(/: (.*)/s);
      skipped.push({ format: container, feature: codec, reason: reason.slice(0, 200).trim() });
      continue;
    }
    cases.push({ file, container, codec, expected: expectationOf(container, path) });
  }
  return { cases, skipped };
}

function expectationOf(container: string, path: string): ClipExpectation {
  if (container === 'refused') return { type: 'refusal', codes: ['UNSUPPORTED_CODEC'] };
  // DV and GXF have pixels that are not square.
  const square = ['-vf', 'scale=iw*sar:ih,setsar=1', '-fps_mode', 'passthrough'];
  const frames = runReference(['-i', path, ...square, ...TO_RGB]);
  return { type: 'frames', frames };
}
