/**
 * Bytes that identify a container. The most are needed for M2TS: its second sync byte is the 197th byte of the file.
 */
export const MEDIA_HEAD_BYTES = 256;

/**
 * Every video container that is demuxed: ffmpeg's name of the demuxer, the name for messages, and the signature,
 * matched against the first MEDIA_HEAD_BYTES as Latin-1. A new container is a new row.
 */
const CONTAINERS = [
  // Files older than the `ftyp` box start with one of the other boxes.
  ['mov', 'MP4/QuickTime', /^.{4}(?:ftyp|moov|mdat|wide|free|skip|pnot)/s],
  // The dot is 0x1A: lint forbids control characters in regular expressions.
  ['matroska', 'Matroska/WebM', /^.\x45\xdf\xa3/s],
  ['avi', 'AVI', /^RIFF.{4}AVI /s],
  // Start code of an MPEG program stream's pack header.
  ['mpeg', 'MPEG', /^\0\0[^\0]\xba/],
  // MPEG transport stream with packets of 188 bytes, or 192 with the timestamp of M2TS cameras.
  ['mpegts', 'MPEG-TS', /^G.{187}G/s],
  ['mpegts', 'MPEG-TS', /^.{4}G.{191}G/s],
  // Version 1.
  ['flv', 'FLV', /^FLV[^ -~]/],
  ['asf', 'Windows Media', /^0&\xb2u\x8ef\xcf/],
  ['ogg', 'Ogg', /^OggS\0/],
  // Partition pack: the universal label of SMPTE ST 377-1.
  ['mxf', 'MXF', /^[^ -~]{2}\+4[^ -~]{9}/s],
  // The header block of a DIF sequence and the subcode block after it.
  ['dv', 'DV', /^[^ -~]{2}\0[?\xbf].{76}\?[^ -~]\0/s],
  ['gxf', 'GXF', /^\0{4}[^\0 -~]\xbc.{8}\xe1\xe2/s],
  ['yuv4mpegpipe', 'Y4M', /^YUV4MPEG2 /],
  // Elementary streams: sequence headers and parameter sets.
  ['mpegvideo', 'MPEG video', /^\0\0[^\0 -~]\xb3/s],
  ['m4v', 'MPEG-4 video', /^\0\0[^\0 -~]\xb0/s],
  ['h264', 'H.264', /^\0\0\0?[^\0 -~][g'G\t][^\0]/s],
  ['hevc', 'HEVC', /^\0\0\0?[^\0 -~][@F][^\0 -~]/s],
] as const;

/** ffmpeg's name of a demuxer. */
export type VideoContainer = (typeof CONTAINERS)[number][0];

export const VIDEO_CONTAINERS: readonly VideoContainer[] = [
  ...new Set(CONTAINERS.map(([container]) => container)),
];

/** Names of the containers in messages. */
export const VIDEO_CONTAINER_LABELS: readonly string[] = [
  ...new Set(CONTAINERS.map(([, label]) => label)),
];

/** Decoders that ffmpeg may use for the video stream, by ffmpeg's names. */
export const VIDEO_CODECS: readonly string[] = [
  ...['h264', 'hevc', 'vp8', 'libvpx', 'vp9', 'libvpx-vp9', 'av1', 'libdav1d', 'libaom-av1'],
  ...['mpeg4', 'mpeg2video', 'mpeg1video', 'theora', 'prores', 'mjpeg'],
  // Codecs of archives and studios.
  ...['ffv1', 'dnxhd', 'v210', 'v410', 'r210', 'rawvideo', 'huffyuv', 'ffvhuff', 'utvideo'],
  ...['jpeg2000', 'libopenjpeg', 'cinepak', 'qtrle', 'msvideo1'],
  // Codecs of old files in archives.
  ...['msmpeg4v2', 'msmpeg4', 'wmv1', 'wmv2', 'wmv3', 'vc1', 'h263', 'flv', 'dvvideo'],
];

/**
 * Decoders of audio and subtitles. Their output is never used, but ffprobe opens a decoder for every stream and fails
 * on one that is not allowed.
 */
export const OTHER_CODECS: readonly string[] = [
  ...['aac', 'aac_latm', 'mp3float', 'mp3', 'mp2float', 'mp2', 'opus', 'libopus', 'vorbis'],
  ...['ac3', 'eac3', 'flac', 'alac', 'amrnb', 'wmav1', 'wmav2', 'pcm_alaw', 'pcm_mulaw', 'pcm_u8'],
  ...['pcm_s16le', 'pcm_s16be', 'pcm_s24le', 'pcm_s24be', 'pcm_s32le', 'pcm_f32le', 'pcm_bluray'],
  ...['pcm_s16le_planar', 'pcm_s16be_planar', 'pcm_s24daud', 'pcm_dvd', 'pcm_s8', 's302m', 'dca'],
  ...['subrip', 'srt', 'ass', 'mov_text', 'dvdsub', 'dvbsub', 'pgssub'],
];

/** Elementary streams have no clock: frames are counted, and nothing can be sought. */
export const ELEMENTARY_STREAMS: ReadonlySet<VideoContainer> = new Set<VideoContainer>([
  ...(['mpegvideo', 'm4v', 'h264', 'hevc'] as const),
]);

/**
 * Matches the first MEDIA_HEAD_BYTES of a file, or all bytes of a shorter file, against the container signatures. AVIF
 * and HEIC images also match `mov`: `sniffVideoContainer` excludes them.
 */
export function matchVideoContainer(head: Uint8Array): VideoContainer | null {
  const header = Buffer.from(head.subarray(0, MEDIA_HEAD_BYTES)).toString('latin1');
  return CONTAINERS.find(([, , signature]) => signature.test(header))?.[0] ?? null;
}
