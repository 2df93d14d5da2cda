import type { ProbedStream } from './run-ffmpeg.js';

/** Dispositions of streams of still images: cover art and thumbnails. */
const STILL_DISPOSITIONS = ['attached_pic', 'timed_thumbnails', 'still_image'];

/** The video streams of a file that may be its clip. */
export function listVideoStreams(streams: readonly ProbedStream[]): readonly ProbedStream[] {
  return streams.filter(
    ({ codec_type, disposition }) =>
      codec_type === 'video' && STILL_DISPOSITIONS.every((name) => disposition?.[name] !== 1),
  );
}

/** Number of frames that the header states. */
export function statedFrames({ nb_frames }: ProbedStream): number | undefined {
  return nb_frames === undefined ? undefined : Number(nb_frames);
}

/**
 * The stream to caption: one with several frames before a still image, then the default stream, the one with the most
 * frames, and the one with the largest picture.
 *
 * @param countedFrames by index of the stream, for headers that do not state a number
 */
export function chooseStream(
  streams: readonly ProbedStream[],
  countedFrames: ReadonlyMap<number, number>,
): ProbedStream | undefined {
  const ranked = streams.map((stream) => {
    const frames = statedFrames(stream) ?? countedFrames.get(stream.index ?? -1) ?? 0;
    const pixels = (stream.width ?? 0) * (stream.height ?? 0);
    const isDefault = stream.disposition?.['default'] === 1;
    return { stream, rank: [Number(frames !== 1), Number(isDefault), frames, pixels] };
  });
  return ranked.toSorted((a, b) => compareRanks(b.rank, a.rank))[0]?.stream;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const differences = a.map((value, i) => value - (b[i] ?? 0));
  return differences.find((difference) => difference !== 0) ?? 0;
}
