import type { TokenEmbeddings } from '../decoder/token-embeddings.js';
import type { ByKind, PromptChunk } from '../language/build-prompt.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import type { PromptMarks, PromptSegment } from './prefix-store.js';

/** One picture or clip in the prompts of a request. */
export interface NamedMedia {
  /** Equal keys have equal embeddings. */
  readonly key: string;
  readonly visualTokens: number;
}

/** A prompt as the decoder reads it, but for the numbers. */
export interface NamedPrompt {
  readonly marks: PromptMarks;
  /** In positions. */
  readonly length: number;
  /** Where the last picture or clip ends; 0 without any. */
  readonly mediaEnd: number;
  readonly mediaPositions: number;
  /** The ids of the text alone, in order: what a repetition penalty looks at. */
  readonly textIds: readonly number[];
}

/** Names every position of a prompt. @throws RangeError for a place without a picture or clip. */
export function namePrompt(chunks: readonly PromptChunk[], media: ByKind<NamedMedia>): NamedPrompt {
  const marks = chunks.map((chunk): PromptSegment => {
    if (chunk.kind === 'text') return chunk;
    const shown = media[chunk.kind][chunk.index];
    if (!shown) throw new RangeError(`The prompt places a picture or clip that does not exist.`);
    return { kind: 'media', key: shown.key, length: shown.visualTokens };
  });
  let length = 0;
  let mediaEnd = 0;
  let mediaPositions = 0;
  for (const mark of marks) {
    length += lengthOf(mark);
    if (mark.kind === 'text') continue;
    mediaEnd = length;
    mediaPositions += mark.length;
  }
  const textIds = marks.flatMap((mark) => (mark.kind === 'text' ? mark.ids : []));
  return { marks, length, mediaEnd, mediaPositions, textIds };
}

/** The first positions of a prompt. */
export function firstMarks(marks: PromptMarks, positions: number): PromptMarks {
  let left = positions;
  return marks.flatMap((mark): PromptSegment[] => {
    const length = Math.min(lengthOf(mark), left);
    left -= length;
    if (length === 0) return [];
    return [
      mark.kind === 'text' ? { ...mark, ids: mark.ids.slice(0, length) } : { ...mark, length },
    ];
  });
}

/**
 * The embeddings of positions `from` to `to` of a prompt, `[to - from, hidden]`.
 *
 * @param media by key; those that do not stand in these positions may be missing.
 * @throws RangeError when one that does is missing, or is of another length or width.
 */
export function promptRows(
  { marks }: Pick<NamedPrompt, 'marks'>,
  from: number,
  to: number,
  media: ReadonlyMap<string, FloatTensor>,
  tokenEmbeddings: TokenEmbeddings,
): FloatTensor {
  const { hiddenSize } = tokenEmbeddings;
  const rows = createTensor([to - from, hiddenSize]);
  let offset = 0;
  for (const mark of marks) {
    const length = lengthOf(mark);
    const start = Math.max(from - offset, 0);
    const end = Math.min(to - offset, length);
    if (start < end) {
      const part = rowsOf(mark, start, end, media, tokenEmbeddings);
      rows.data.set(part, (offset + start - from) * hiddenSize);
    }
    offset += length;
  }
  return rows;
}

function rowsOf(
  mark: PromptSegment,
  start: number,
  end: number,
  media: ReadonlyMap<string, FloatTensor>,
  tokenEmbeddings: TokenEmbeddings,
): Float32Array {
  if (mark.kind === 'text') return tokenEmbeddings.embed(mark.ids.slice(start, end)).data;
  const { hiddenSize } = tokenEmbeddings;
  const embeddings = media.get(mark.key);
  const [length, width] = embeddings?.shape ?? [];
  if (!embeddings || length !== mark.length || width !== hiddenSize) {
    throw new RangeError(
      `Embeddings are [${length}, ${width}], not [${mark.length}, ${hiddenSize}].`,
    );
  }
  return embeddings.data.subarray(start * hiddenSize, end * hiddenSize);
}

function lengthOf(mark: PromptSegment): number {
  return mark.kind === 'text' ? mark.ids.length : mark.length;
}
