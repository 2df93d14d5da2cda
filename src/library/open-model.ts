import { type Configuration, loadConfiguration, parsePrecision } from '../config/configuration.js';
import { collectOutcome } from '../engine/collect-outcome.js';
import {
  captionConversation,
  type EarlierTurn,
  questionConversation,
  resolveLanguages,
} from '../engine/conversations.js';
import type { FinishReason } from '../decoder/sampling/generator.js';
import { openMedia } from '../engine/media-files.js';
import { resolveCaptionSettings, resolveSettings } from '../engine/resolve-settings.js';
import type {
  EngineEvent,
  EngineRequest,
  LoadProgress,
  ModelDescription,
  RequestMedia,
  VisionLanguageEngine,
} from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import {
  type LanguageCheckJson,
  languageCheckJson,
} from '../language/check/language-check-json.js';
import {
  CAPTION_KINDS,
  type CaptionKind,
  defaultLanguage,
  resolveLanguage,
} from '../language/languages.js';
import type { MediaReport } from '../media/media-report.js';
import { sniffMediaKind } from '../media/sniff-media.js';
import { type Detail, DETAILS } from '../vision/plan-tiles.js';
import { openEngine } from '../workers/open-engine.js';
import {
  checkChoice,
  checkNames,
  checkNumbers,
  type FrameOptions,
  invalidOption,
  toSampling,
} from './options.js';

/** Which model `openModel` loads, and how. */
export interface ModelOptions {
  /** `demo`, the id of an installed model, or the folder of a package. Default: SALAMANDRA_MODEL, or `demo`. */
  readonly model?: string;
  /** Default: SALAMANDRA_PRECISION, or `int8`. */
  readonly precision?: 'int8' | 'int4' | 'mixed' | 'fp32';
  /** Threads per graph run. Default: SALAMANDRA_THREADS, or the processor cores. */
  readonly threads?: number;
  /** Folder of packages and caches. Default: SALAMANDRA_HOME, or the data folder of the user. */
  readonly home?: string;
  /** Called on each step of loading. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Stops loading. */
  readonly signal?: AbortSignal;
}

/** The path of an image or video, or the encoded bytes of an image. */
export type MediaInput = string | Uint8Array;

/** Options of every call that generates text. Numbers outside of their range are refused by INVALID_PARAMETER. */
export interface TextOptions extends FrameOptions {
  /** Tiles of an image. `low`: the base tile; `auto`: up to four more; `high`: as many as the model supports. */
  readonly detail?: Detail;
  /** The page of a document, counted from 1. */
  readonly page?: number;
  /** Maximum number of tokens of a text. Default: 128. */
  readonly maxTokens?: number;
  /** 0: greedy decoding. Default: 0 for captions, the model's own for answers. At most 2. */
  readonly temperature?: number;
  /** Nucleus sampling, 0.01 to 1. */
  readonly topP?: number;
  /** Keeps this number of most likely tokens; 0: all of them. */
  readonly topK?: number;
  /** Above 1: tokens that already occurred become less likely. */
  readonly repetitionPenalty?: number;
  /** Seed of the sampler. Default: 0. */
  readonly seed?: number;
  /** Cancels the request; the call throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of `Model.caption`. */
export interface CaptionOptions extends TextOptions {
  /** BCP 47 tags. Default: English, or the first language of a model without it. */
  readonly languages?: readonly string[];
  /** Default: `['caption']`. */
  readonly kinds?: readonly CaptionKind[];
}

/** Options of `Model.ask` and `Model.stream`. */
export interface AskOptions extends TextOptions {
  /** BCP 47 tag of the answer's language. Default: English, or the first language of a model without it. */
  readonly language?: string;
  /** Earlier questions and answers, oldest first. */
  readonly history?: readonly EarlierTurn[];
}

/** A generated text. */
export interface Answer {
  readonly text: string;
  /** Code of the language that was asked for. */
  readonly language: string;
  /** `length`: the text ended at `maxTokens`; `repetition`: it began to repeat itself. */
  readonly finishReason: FinishReason;
  /** Whether the text looks like the language that was asked for. */
  readonly languageCheck: LanguageCheckJson | null;
  readonly media: readonly MediaReport[];
}

/** One text about an image or video. */
export interface Caption extends Omit<Answer, 'media'> {
  readonly kind: CaptionKind;
}

/** All texts about an image or video. */
export interface CaptionResult {
  readonly media: MediaReport;
  /** Ordered by language, then by kind. */
  readonly captions: readonly Caption[];
}

/** A loaded model. Calls may overlap: they share the decode batch. */
export interface Model {
  readonly description: ModelDescription;
  /**
   * Writes one text for each language and kind; all of them share one prefill of the image or video.
   *
   * @throws SalamandraError with INVALID_PARAMETER, NOT_FOUND, a media code such as MEDIA_CORRUPT, or a code of the
   *   engine; the signal's reason.
   */
  caption(media: MediaInput, options?: CaptionOptions): Promise<CaptionResult>;
  /** Answers a question about images and videos, or about none. @throws as `caption`. */
  ask(
    media: MediaInput | readonly MediaInput[],
    question: string,
    options?: AskOptions,
  ): Promise<Answer>;
  /** The text of an answer, piece by piece. Leaving the loop cancels the request. @throws as `caption`. */
  stream(
    media: MediaInput | readonly MediaInput[],
    question: string,
    options?: AskOptions,
  ): AsyncGenerator<string, void>;
  /** Runs a request of the engine, the interface of the HTTP service and of the CLI. */
  generate(request: EngineRequest, signal?: AbortSignal): AsyncIterable<EngineEvent>;
  /** Cancels running requests and ends the process of the model. */
  close(): Promise<void>;
}

const MODEL_OPTIONS = ['model', 'precision', 'threads', 'home', 'onProgress', 'signal'];
const TEXT_OPTIONS = [
  ...['detail', 'page', 'frames', 'framesPerSecond', 'start', 'end'],
  ...['maxTokens', 'temperature', 'topP', 'topK', 'repetitionPenalty', 'seed', 'signal'],
];
const CAPTION_OPTIONS = ['languages', 'kinds', ...TEXT_OPTIONS];
const ASK_OPTIONS = ['language', 'history', ...TEXT_OPTIONS];

/**
 * Loads a model in a child process. `close` ends the process; until then it keeps the program running.
 *
 * @example
 *   const model = await openModel();
 *   const { captions } = await model.caption('my.jpg', { languages: ['ca', 'en'] });
 *   await model.close();
 *
 * @throws SalamandraError with MODEL_NOT_FOUND, MODEL_INVALID or INVALID_PARAMETER; the signal's reason.
 */
export async function openModel(options: ModelOptions = {}): Promise<Model> {
  const engine = openEngine({
    configuration: toConfiguration(options),
    entry: new URL('../workers/inference.worker.js', import.meta.url),
    onStatus: (status) => {
      if (status.state === 'loading') options.onProgress?.(status.progress);
    },
  });
  const { signal } = options;
  const abort = () => void engine.close();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    return createModel(engine, await engine.describe());
  } catch (error) {
    await engine.close();
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function toConfiguration(options: ModelOptions): Configuration {
  checkNames(options, MODEL_OPTIONS);
  checkNumbers(options);
  const { model, precision, threads, home } = options;
  const configuration = loadConfiguration({
    ...process.env,
    ...(home !== undefined && { SALAMANDRA_HOME: home }),
  });
  return {
    ...configuration,
    ...(model !== undefined && { model }),
    ...(precision !== undefined && { precision: parsePrecision(precision) }),
    ...(threads !== undefined && { threads }),
  };
}

function createModel(engine: VisionLanguageEngine, description: ModelDescription): Model {
  const { languages: offered, generation } = description;
  const toLanguage = (tag: string | undefined) =>
    resolveLanguage(tag ?? defaultLanguage(offered), offered);

  async function toQuestion(
    inputs: MediaInput | readonly MediaInput[],
    question: string,
    options: AskOptions,
  ): Promise<EngineRequest> {
    checkTextOptions(options, ASK_OPTIONS);
    if (typeof question !== 'string' || question.trim() === '') {
      throw invalidOption('question', 'The question must be a text that is not empty.');
    }
    const media: RequestMedia[] = [];
    for (const input of typeof inputs === 'string' || inputs instanceof Uint8Array
      ? [inputs]
      : inputs) {
      media.push(await openInput(input, options));
    }
    const { history = [], detail = 'auto' } = options;
    const shown = media.map(({ kind }) => kind);
    return {
      ...{ media, detail },
      conversations: [
        questionConversation(question, toLanguage(options.language), { shown, history }),
      ],
      settings: resolveSettings(options, generation),
    };
  }

  return {
    description,
    async caption(input, options = {}) {
      checkTextOptions(options, CAPTION_OPTIONS);
      const { kinds = ['caption'], detail = 'auto', signal } = options;
      for (const kind of kinds) checkChoice('kinds', kind, CAPTION_KINDS);
      const languages = resolveLanguages(options.languages ?? [defaultLanguage(offered)], offered);
      const tasks = languages.flatMap((language) => kinds.map((kind) => ({ language, kind })));
      if (tasks.length === 0) {
        throw invalidOption('languages', 'languages and kinds must each name at least one.');
      }
      const media = await openInput(input, options);
      const request = {
        ...{ media: [media], detail },
        conversations: tasks.map(({ kind, language }) =>
          captionConversation(kind, language, media.kind),
        ),
        settings: resolveCaptionSettings(options, generation),
      };
      const outcome = await collectOutcome(engine, request, signal);
      const captions = tasks.map(({ language, kind }, index) => {
        const { text = '', finishReason = 'stop' } = outcome.answers[index] ?? {};
        const languageCheck = languageCheckJson(text, language.code);
        return { kind, text, language: language.code, finishReason, languageCheck };
      });
      return { media: outcome.media[0] as MediaReport, captions };
    },
    async ask(inputs, question, options = {}) {
      const request = await toQuestion(inputs, question, options);
      const { code } = toLanguage(options.language);
      const { answers, media } = await collectOutcome(engine, request, options.signal);
      const { text = '', finishReason = 'stop' } = answers[0] ?? {};
      const languageCheck = languageCheckJson(text, code);
      return { text, language: code, finishReason, languageCheck, media };
    },
    async *stream(inputs, question, options = {}) {
      const request = await toQuestion(inputs, question, options);
      for await (const event of engine.generate(request, options.signal)) {
        if (event.type === 'text-delta') yield event.text;
      }
    },
    generate: (request, signal) => engine.generate(request, signal),
    close: () => engine.close(),
  };
}

function checkTextOptions(options: TextOptions, names: readonly string[]): void {
  checkNames(options, names);
  checkNumbers(options);
  if (options.detail !== undefined) checkChoice('detail', options.detail, DETAILS);
}

/** @throws the codes of `openMedia`, INVALID_PARAMETER for the bytes of a video. */
async function openInput(input: MediaInput, options: TextOptions): Promise<RequestMedia> {
  const { page } = options;
  const sampling = toSampling(options);
  const frameOptions = [options.frames, options.framesPerSecond, options.start, options.end];
  const isClip = frameOptions.some((option) => option !== undefined);
  const media =
    typeof input === 'string'
      ? await openMedia(input, sampling, isClip ? 'clip' : 'still')
      : openBytes(input);
  if (page === undefined) return media;
  if (media.kind === 'image') return { ...media, page };
  throw invalidOption('page', 'A video has no pages. Choose times with start and end.');
}

function openBytes(bytes: unknown): RequestMedia {
  if (!(bytes instanceof Uint8Array)) {
    throw invalidOption('media', 'media must be the path of a file, or a Uint8Array of its bytes.');
  }
  if (sniffMediaKind(bytes) !== 'video') return { kind: 'image', bytes };
  throw new SalamandraError(
    'INVALID_REQUEST',
    'A video is read from a file. Write the bytes to a file, and pass its path.',
  );
}
