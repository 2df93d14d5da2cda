import { DEFAULT_FRAMES, type FrameSampling } from '../../media/frame-sampling.js';
import { hashBytes, hashFile } from '../../media/hash-file.js';
import { endedEarly } from '../collect-outcome.js';
import type {
  EngineRequest,
  GenerationSettings,
  ModelDescription,
  RequestMedia,
  VisionLanguageEngine,
} from '../vision-language-engine.js';
import { canonicalJson, type Receipt, type ReceiptMedia, type ReceiptSampling } from './receipt.js';

/** A field that is not as the receipt has it. */
export interface Difference {
  /** Path in the receipt: `machine.threads`, `media[0].sha256`. */
  readonly field: string;
  readonly receipt: unknown;
  /** `null` if it is missing here. */
  readonly here: unknown;
}

/**
 * `equal`: the text was written again, byte for byte. `different`: another text was written. `not_run`: the model or a
 * file is another one, so that the text was not written again.
 */
export const REPLAY_OUTCOMES = ['equal', 'different', 'not_run'] as const;

export type ReplayOutcome = (typeof REPLAY_OUTCOMES)[number];

export interface Replay {
  readonly outcome: ReplayOutcome;
  /** What differs, also if the texts are equal. */
  readonly differences: readonly Difference[];
  /** The text that was written; `null` if none was. */
  readonly text: string | null;
  /** Its receipt. */
  readonly receipt: Receipt | null;
}

/** A file that was given for a replay. */
export interface ReplayFile {
  readonly media: RequestMedia;
  readonly sha256: string;
}

/** The request of a replay, besides its receipt. */
export type ReplayShares = Pick<EngineRequest, 'client' | 'priority'>;

/** @param media as opened for the receipt; see `isClip`. */
export async function hashReplayFile(
  media: RequestMedia,
  signal: AbortSignal,
): Promise<ReplayFile> {
  const sha256 = 'bytes' in media ? hashBytes(media.bytes) : await hashFile(media.path, signal);
  return { media, sha256 };
}

/** With which files are opened: a replay gives each clip the sampling of the receipt. */
export const ANY_SAMPLING: FrameSampling = { mode: 'uniform', frames: { count: DEFAULT_FRAMES } };

/** Whether a file of the receipt is a clip: an animation is opened as a still image otherwise. */
export function isClip(receipt: Receipt, index: number): boolean {
  return receipt.media[index]?.kind === 'video';
}

/**
 * Writes the text of a receipt again, alone, and compares it with the receipt. Files are found by their hash, in any
 * order.
 *
 * @param engine with receipts; see `withReceipts`.
 * @throws the errors of `generate`; the signal's reason.
 */
export async function replayReceipt(
  receipt: Receipt,
  files: readonly ReplayFile[],
  engine: VisionLanguageEngine,
  shares: ReplayShares,
  signal: AbortSignal,
): Promise<Replay> {
  const model = await engine.describe();
  const differences = [...compareFiles(receipt, files), ...compareModel(receipt, model)];
  const media = receipt.media.flatMap((expected) => findMedia(expected, files));
  const isOther =
    media.length < receipt.media.length ||
    model.revision !== receipt.model.revision ||
    model.precision !== receipt.model.precision;
  if (isOther) return { outcome: 'not_run', differences, text: null, receipt: null };
  const request = { ...toRequest(receipt, media), ...shares, receipts: true };
  for await (const event of engine.generate(request, signal)) {
    if (event.type !== 'answer') continue;
    const { text, receipt: written } = event;
    if (!written) throw new Error('The engine gives no receipts.');
    const isEqual = canonicalJson(written.text) === canonicalJson(receipt.text);
    return {
      outcome: isEqual ? 'equal' : 'different',
      differences: compare(toCompared(receipt), toCompared(written)),
      ...{ text, receipt: written },
    };
  }
  throw endedEarly();
}

function findMedia(expected: ReceiptMedia, files: readonly ReplayFile[]): RequestMedia[] {
  const found = files.find(({ sha256 }) => sha256 === expected.sha256)?.media;
  if (!found) return [];
  if (expected.kind === 'image') {
    if (found.kind !== 'image') return [];
    return [expected.page === null ? found : { ...found, page: expected.page }];
  }
  const sampling = toSampling(expected.sampling);
  return found.kind === 'video' ? [{ ...found, sampling }] : [];
}

function toSampling({ mode, num_frames, fps, start, end }: ReceiptSampling) {
  const range = start !== null && { range: { startSeconds: start, endSeconds: end } };
  const frames = fps === null ? { count: num_frames ?? 1 } : { perSecond: fps };
  return { mode, frames, ...range };
}

function toRequest(
  { prompt, settings, media: [first] }: Receipt,
  media: readonly RequestMedia[],
): EngineRequest {
  const isRaw = 'raw' in prompt;
  return {
    media,
    detail: first?.kind === 'image' ? first.detail : 'auto',
    conversations: [isRaw ? { rawText: prompt.raw } : prompt.messages],
    ...(!isRaw && { templateVariables: prompt.variables }),
    settings: toSettings(settings),
  };
}

function toSettings(settings: Receipt['settings']): GenerationSettings {
  const biases = Object.entries(settings.logit_bias);
  return {
    maxTokens: settings.max_tokens,
    temperature: settings.temperature,
    topP: settings.top_p,
    topK: settings.top_k,
    minP: settings.min_p,
    seed: settings.seed,
    repetitionPenalty: settings.repetition_penalty,
    frequencyPenalty: settings.frequency_penalty,
    presencePenalty: settings.presence_penalty,
    minTokens: settings.min_tokens,
    stop: settings.stop,
    stopTokenIds: settings.stop_token_ids,
    stopText: settings.stop_text,
    endOfText: settings.end_of_text,
    logitBias: new Map(biases.map(([id, bias]) => [Number(id), bias])),
    ...(settings.answer_format && { answerFormat: settings.answer_format }),
  };
}

/** The files of the receipt that were not given; the given one that nothing asks for stands beside it. */
function compareFiles(receipt: Receipt, files: readonly ReplayFile[]): Difference[] {
  const expected = new Set(receipt.media.map(({ sha256 }) => sha256));
  const others = files.filter(({ sha256 }) => !expected.has(sha256));
  return receipt.media.flatMap((media, index): Difference[] => {
    const found = files.find(({ sha256 }) => sha256 === media.sha256);
    const field = `media[${index}]`;
    if (found?.media.kind === media.kind) return [];
    if (found) return [{ field: `${field}.kind`, receipt: media.kind, here: found.media.kind }];
    const here = others.shift()?.sha256 ?? null;
    return [{ field: `${field}.sha256`, receipt: media.sha256, here }];
  });
}

function compareModel(
  receipt: Receipt,
  { id, revision, precision, environment }: ModelDescription,
): Difference[] {
  const { packageSha256: package_sha256, versions, machine } = environment;
  const here = { model: { id, revision, package_sha256, precision }, versions, machine };
  const { model, ...others } = receipt;
  return compare({ model, versions: others.versions, machine: others.machine }, here);
}

/** The fields that an equal replay has in common. Scores follow from the text, and their last digits from the batch. */
function toCompared({ model, versions, machine, prompt, media, text }: Receipt): object {
  const { sha256, template_sha256 } = prompt;
  return { model, versions, machine, prompt: { sha256, template_sha256 }, media, text };
}

function compare(receipt: unknown, here: unknown, path = ''): Difference[] {
  if (isBranch(receipt) && isBranch(here)) {
    return Object.keys(receipt).flatMap((name) => {
      const field = Array.isArray(receipt) ? `${path}[${name}]` : path ? `${path}.${name}` : name;
      return compare(receipt[name], here[name], field);
    });
  }
  const isSame = canonicalJson(receipt) === canonicalJson(here ?? null);
  return isSame ? [] : [{ field: path, receipt, here: here ?? null }];
}

/** Objects and lists of objects are compared member by member, other values as a whole. */
function isBranch(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) || value.some((item) => typeof item === 'object');
}
