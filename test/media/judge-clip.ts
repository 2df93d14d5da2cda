import { join } from 'node:path';

import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { uniformTimes } from '../../src/media/frame-sampling.js';
import { type SampledFrame, sampleFrames } from '../../src/media/sample-frames.js';
import { meanError } from './compare-pixels.js';
import { CLIP_FRAMES, CLIP_RATE, type ClipCase } from './matrix/clip-case.js';
import { FFMPEG } from './run-reference.js';

/** Largest mean error of a frame in levels. */
const LEVELS = 3;
const SAMPLED = 4;
const SECONDS = CLIP_FRAMES / CLIP_RATE;

/** What became of a clip of the matrix. */
export interface ClipVerdict {
  readonly tried: ClipCase;
  readonly isRefused: boolean;
  /** Of all sampled frames; NaN without frames. */
  readonly worstError: number;
  /** Other pixels, the frame of another time, or the wrong code. `null` if all is right. */
  readonly problem: string | null;
}

/** Samples frames through the code that media workers run, and compares them with the frames on show at those times. */
export async function judgeClip(folder: string, tried: ClipCase): Promise<ClipVerdict> {
  const { expected } = tried;
  const sampled = await sample(join(folder, tried.file));
  if (sampled instanceof SalamandraError) {
    const isRight = expected.type === 'refusal' && expected.codes.includes(sampled.code);
    const problem = isRight ? null : `${sampled.code}: ${sampled.message}`;
    return { tried, isRefused: true, worstError: NaN, problem };
  }
  const verdict = { tried, isRefused: false, worstError: NaN };
  if (expected.type === 'refusal') {
    return { ...verdict, problem: `decoded, expected ${expected.codes.join(' or ')}` };
  }
  const { frames, durationSeconds } = sampled;
  if (durationSeconds === null || Math.abs(durationSeconds - SECONDS) > 2.5 / CLIP_RATE) {
    return { ...verdict, problem: `duration ${durationSeconds} s, expected ${SECONDS} s` };
  }
  const times = uniformTimes({ startSeconds: 0, endSeconds: durationSeconds }, SAMPLED);
  if (frames.length !== times.length) {
    return { ...verdict, problem: `${frames.length} frames, expected ${times.length}` };
  }
  // GXF stores no presentation times, and the MPEG-2 decoder is a frame late.
  const tolerance = tried.container === 'GXF' ? 1 : 0;
  const compared = frames.map((frame, index) =>
    compare(frame, times[index] ?? 0, expected.frames, tolerance),
  );
  return {
    ...verdict,
    worstError: Math.max(...compared.map(({ error }) => error)),
    problem: compared.find(({ problem }) => problem !== null)?.problem ?? null,
  };
}

function compare(
  frame: SampledFrame,
  seconds: number,
  references: Uint8Array,
  tolerance: number,
): { readonly error: number; readonly problem: string | null } {
  const { width, height, data } = frame;
  const bytes = data.length;
  if (references.length % bytes !== 0) {
    return {
      error: Infinity,
      problem: `frames of ${width} x ${height}, not those of the reference`,
    };
  }
  const errors = Array.from({ length: references.length / bytes }, (_, index) => {
    const reference = references.subarray(index * bytes, (index + 1) * bytes);
    return meanError({ width, height, data: reference }, frame);
  });
  const error = Math.min(...errors);
  const shown = errors.indexOf(error);
  // A frame is on show until the next one; clocks are rounded to ticks.
  const wanted = Math.floor(seconds * CLIP_RATE + 0.05);
  if (Math.abs(shown - wanted) > tolerance) {
    return {
      error,
      problem: `frame ${shown} at ${seconds.toFixed(3)} s, expected frame ${wanted}`,
    };
  }
  const problem = error <= LEVELS ? null : `mean error ${error.toFixed(1)} at ${seconds} s`;
  return { error, problem };
}

async function sample(path: string) {
  try {
    const sampling = { mode: 'uniform', frames: { count: SAMPLED } } as const;
    const { video, frames } = await sampleFrames(FFMPEG, path, sampling, SAMPLED);
    const list: SampledFrame[] = [];
    for await (const frame of frames) list.push(frame);
    return { durationSeconds: video.durationSeconds, frames: list };
  } catch (error) {
    if (error instanceof SalamandraError && error.code !== 'INTERNAL') return error;
    throw error;
  }
}
