/** The head of an MP4 file: enough to pass for a clip where nothing decodes it. */
export function tinyVideo(bytes = 64): Buffer {
  const clip = Buffer.alloc(bytes);
  clip.writeUInt32BE(24, 0);
  clip.write('ftypisom\0\0\x02\0isomiso2', 4, 'latin1');
  return clip;
}
