import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { sampleFrames } from '../../src/media/sample-frames.js';
import { requireFfmpeg } from './ffmpeg-videos.js';

/** Samples four frames of a file. @returns their timestamps in seconds, or the error code */
export async function sampleTimestamps(path: string): Promise<number[] | string> {
  const timestamps: number[] = [];
  try {
    const sampling = { mode: 'uniform', frames: { count: 4 } } as const;
    const { frames } = await sampleFrames(requireFfmpeg(), path, sampling, 64);
    for await (const { timestampSeconds } of frames) timestamps.push(timestampSeconds);
  } catch (error) {
    if (error instanceof SalamandraError) return error.code;
    throw error;
  }
  return timestamps;
}
