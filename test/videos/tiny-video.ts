/** The head of an MP4 file. It is sniffed as a video, but cannot be decoded. */
export function tinyVideo(bytes = 64): Buffer {
  const video = Buffer.alloc(bytes);
  video.writeUInt32BE(24, 0);
  video.write('ftypisom\0\0\x02\0isomiso2', 4, 'latin1');
  return video;
}
