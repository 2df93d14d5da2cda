import { applyDecorators, Inject, Injectable, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  getSchemaPath,
} from '@nestjs/swagger';

import { DEFAULT_IMAGE_BYTES, MAX_VIDEO_BYTES } from '../../config/limits.js';
import type {
  GenerationSettings,
  ModelDescription,
  RequestMedia,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { assertSupportsMedia } from '../../engine/input-modalities.js';
import type { FrameSampling } from '../../media/frame-sampling.js';
import { ENGINE } from '../injection-tokens.js';
import { MediaResolver, type MediaSource } from '../media/media-resolver.js';
import { clientOf } from '../admission/client.js';
import {
  chooseAnimationUse,
  type GenerationDto,
  toFrameSampling,
  toSettings,
} from '../request/generation-fields.js';
import { assertChatModel, readyModel } from '../request/loaded-model.js';
import type { Exchange } from '../response/send-outcome.js';

/** A request for texts about media whose body has been validated. */
interface MediaRequest {
  readonly body: GenerationDto & { readonly top_logprobs?: number };
  readonly sources: readonly MediaSource[];
  /** Captions have defaults of their own; see `resolveCaptionSettings`. */
  readonly texts: 'captions' | 'answers';
  /** The kind of media that the route takes, if it takes one only. */
  readonly only?: 'video';
  /** Further checks of the settings. They run before any media are fetched. */
  readonly checkSettings?: (settings: GenerationSettings) => void;
}

/** The same request with everything that the engine needs. */
interface PreparedRequest {
  readonly client: string;
  readonly model: ModelDescription;
  readonly settings: GenerationSettings;
  readonly sampling: FrameSampling;
  readonly media: readonly RequestMedia[];
}

/** The steps that captions, answers and video captions share. */
@Injectable()
export class MediaRequestHandler {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    private readonly resolver: MediaResolver,
  ) {}

  /**
   * Checks the model and the settings, resolves the media, runs the request and removes the files of its media.
   *
   * @param run generates the texts and sends the response.
   * @throws MODEL_NOT_READY and the other codes of `readyModel`, INVALID_REQUEST if the model does not support the
   *   request, the codes of `MediaResolver.resolve` and of `run`.
   */
  async handle(
    { request, signal }: Exchange,
    { body, sources, texts, only, checkSettings }: MediaRequest,
    run: (prepared: PreparedRequest) => Promise<void>,
  ): Promise<void> {
    const model = readyModel(this.engine);
    assertChatModel(model, sources);
    if (only) assertSupportsMedia([only], model);
    const settings = toSettings(body, model, texts);
    checkSettings?.(settings);
    const sampling = toFrameSampling(body);
    const client = clientOf(request);
    const animations = only === 'video' ? 'clip' : chooseAnimationUse(body);
    const { media, release } = await this.resolver.resolve(
      sources.map((source) => ({ ...source, animations })),
      sampling,
      signal,
      client,
    );
    try {
      assertSupportsMedia(
        media.map(({ kind }) => kind),
        model,
      );
      await run({ client, model, settings, sampling, media });
    } finally {
      await release();
    }
  }
}

interface MediaRequestDocumentation {
  readonly request: Type;
  readonly response: Type;
  /** Name of the stream's event with a complete text. */
  readonly resultEvent: string;
  readonly maxFiles: number;
  /** Further MIME types of the response, all of them text. */
  readonly otherTypes?: readonly string[];
}

/** Documents a route that takes media as a form or as JSON and answers with JSON or server-sent events. */
export function ApiMediaRequest({
  request,
  response,
  resultEvent,
  maxFiles,
  otherTypes = [],
}: MediaRequestDocumentation) {
  return applyDecorators(
    ApiConsumes('multipart/form-data', 'application/json'),
    ApiExtraModels(request, response),
    ApiBody({ schema: toFormSchema(request, maxFiles) }),
    ApiOkResponse({
      description: `One JSON object, or server-sent events: media, text-delta, ${resultEvent}, usage, then done or error.`,
      content: {
        'application/json': { schema: { $ref: getSchemaPath(response) } },
        ...Object.fromEntries(
          ['text/event-stream', ...otherTypes].map((type) => [
            type,
            { schema: { type: 'string' } },
          ]),
        ),
      },
    }),
  );
}

/** The schema of a body whose form may hold files besides the fields of the JSON body. */
export function toFormSchema(request: Type, maxFiles: number) {
  const binary = { type: 'string', format: 'binary' };
  const limits = `at most ${DEFAULT_IMAGE_BYTES / 1e6} MB per image (SALAMANDRA_IMAGE_MB) and ${MAX_VIDEO_BYTES / 1e9} GB of video per request`;
  const file =
    maxFiles === 1
      ? { ...binary, description: `Image or video file, in a form only; ${limits}.` }
      : {
          type: 'array',
          items: binary,
          maxItems: maxFiles,
          description: `Up to ${maxFiles} image or video files, in a form only; ${limits}. Repeat the field for each file.`,
        };
  return { allOf: [{ $ref: getSchemaPath(request) }, { type: 'object', properties: { file } }] };
}
