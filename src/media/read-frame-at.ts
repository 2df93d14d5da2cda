import type { Ffmpeg } from './find-ffmpeg.js';
import type { ProbedVideo } from './probe-video.js';
import { readFrames, type VideoFrame } from './read-frames.js';

/** Seconds to start before the time that is sought, one attempt after another; more than a group of pictures at the end. */
const LEAD_SECONDS = { indexed: [0, 12], searched: [2, 12, 60] } as const;

/** Where the file names no rate: half a frame of slow motion pictures. */
const FALLBACK_FRAME_SECONDS = 0.04;

/** Keeps the frame at exactly the time asked for inside, whatever the rounding of ticks. */
const ROUNDING_SECONDS = 0.001;

/**
 * Reads the frame that is shown at a time of the clip, by seeking: nothing before the group of pictures around it is
 * decoded. Where the frame rate varies it may be the one after. null past the last frame.
 *
 * @throws the media codes
 */
export async function readFrameAt(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  seconds: number,
): Promise<VideoFrame | null> {
  const frameSeconds = 1 / (video.frameRate ?? 1 / FALLBACK_FRAME_SECONDS);
  // The first frame from here on is the last one that starts by the time asked for.
  const from = Math.max(seconds - frameSeconds + ROUNDING_SECONDS, 0);
  let best: VideoFrame | null = null;
  for (const lead of LEAD_SECONDS[video.seeking]) {
    const frame = await readFirst(ffmpeg, video, from, lead);
    if (frame && (!best || frame.containerSeconds < best.containerSeconds)) best = frame;
    const lateSeconds = (best?.containerSeconds ?? Infinity) - video.startSeconds - seconds;
    // A seek in a file without a good index may land on a later group of pictures.
    if (lateSeconds <= ROUNDING_SECONDS || from <= lead) break;
  }
  return best;
}

async function readFirst(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  fromSeconds: number,
  leadSeconds: number,
): Promise<VideoFrame | null> {
  const reading = {
    seekSeconds: Math.max(fromSeconds - leadSeconds, 0),
    ...(leadSeconds > 0 && { dropBefore: video.startSeconds + fromSeconds }),
    frames: 'first',
  } as const;
  for await (const frame of readFrames(ffmpeg, video, reading)) return frame;
  return null;
}
