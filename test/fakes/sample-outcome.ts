import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { sampleFrames } from '../../src/media/sample-frames.js';
import { requireFfmpeg } from '../videos/ffmpeg-videos.js';

/** Samples four frames of a file. @returns their timestamps, or the code of the error */
export async function sampleOutcome(path: string): Promise<number[] | string> {
  const times: number[] = [];
  try {
    const sampling = { mode: 'uniform', frames: { count: 4 } } as const;
    const { frames } = await sampleFrames(requireFfmpeg(), path, sampling, 64);
    for await (const { timestampSeconds } of frames) times.push(timestampSeconds);
  } catch (error) {
    if (error instanceof SalamandraError) return error.code;
    throw error;
  }
  return times;
}
