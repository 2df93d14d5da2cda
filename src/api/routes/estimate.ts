import { Body, Controller, HttpCode, Inject, Post, UseInterceptors } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';

import { MAX_IMAGE_SIDE, MAX_MEDIA_PER_REQUEST, MAX_VIDEO_SECONDS } from '../../config/limits.js';
import { assertSupportsMedia } from '../../engine/input-modalities.js';
import type {
  ModelDescription,
  RequestMedia,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { CaptionKind } from '../../language/languages.js';
import {
  type Calibration,
  findCalibration,
  readCalibrations,
} from '../../measure/doctor/calibration.js';
import {
  type EstimatedTimings,
  estimateRequest,
  type MediaEstimate,
  type MediaOutline,
  type RequestEstimate,
} from '../../measure/doctor/estimate.js';
import { describeProcessor } from '../../config/processor.js';
import {
  type FrameSampling,
  clampToDuration,
  countRequestedFrames,
} from '../../media/frame-sampling.js';
import { countPages } from '../../media/page-range.js';
import { noDecodableFrame } from '../../media/video-errors.js';
import type { MediaCaller, MediaInspector } from '../../workers/media-inspector.js';
import { CALIBRATIONS, ENGINE, VIDEO_INSPECTOR } from '../injection-tokens.js';
import { MediaDto, MediaField, resolveMedia } from '../media/media-fields.js';
import { MediaResolver, type MediaSource } from '../media/media-resolver.js';
import { MediaUpload, UploadedMedia } from '../media/media-upload.js';
import { Client, ClientSignal } from '../admission/client.js';
import { TakesPlace } from '../admission/work-queue.js';
import {
  chooseAnimationUse,
  ImageGenerationDto,
  toFrameSampling,
  toSettings,
} from '../request/generation-fields.js';
import { KindsField, LanguagesField, requestedLanguages } from '../request/language-fields.js';
import { assertChatModel, readyModel } from '../request/loaded-model.js';
import type { Plain } from '../response/media-response.js';
import { ApiProblems } from '../response/problem.js';
import { toFormSchema } from './media-request.js';

/** An image or video, or its size in place of the file. */
export class EstimateMediaDto extends MediaDto {
  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_IMAGE_SIDE,
    description: 'Width of an image in pixels, after the EXIF rotation. Replaces the image.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_IMAGE_SIDE)
  width?: number;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_IMAGE_SIDE,
    description: 'Height of an image in pixels, together with "width".',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_IMAGE_SIDE)
  height?: number;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_VIDEO_SECONDS,
    description: 'Length of a video in seconds. Replaces the video.',
  })
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0)
  @Max(MAX_VIDEO_SECONDS)
  duration_seconds?: number;
}

/** The fields of a captions request. Sizes may replace its media. */
@ApiExtraModels(EstimateMediaDto)
export class EstimateRequestDto extends ImageGenerationDto {
  @MediaField(EstimateMediaDto, 'Images and videos, or their sizes, in a JSON body.')
  media?: EstimateMediaDto | EstimateMediaDto[];

  @LanguagesField()
  languages?: string[];

  @KindsField()
  kind?: CaptionKind[];
}

class GridEstimateDto {
  @ApiProperty() rows!: number;
  @ApiProperty() columns!: number;
}

class ImageEstimateDto {
  @ApiProperty({ enum: ['image'] }) kind!: 'image';
  @ApiProperty({ description: 'Width in pixels, after the EXIF rotation.' }) width!: number;
  @ApiProperty({ description: 'Height in pixels, after the EXIF rotation.' }) height!: number;
  @ApiProperty({ description: 'Number of tiles, including the base tile.' }) tiles!: number;
  @ApiProperty({
    type: GridEstimateDto,
    nullable: true,
    description: 'Grid of the tiles besides the base tile; null if there is only the base tile.',
  })
  grid!: GridEstimateDto | null;
  @ApiProperty() visual_tokens!: number;
}

class VideoEstimateDto {
  @ApiProperty({ enum: ['video'] }) kind!: 'video';
  @ApiProperty({ description: 'Number of frames that fit the context.' }) frames!: number;
  @ApiProperty({ description: 'Number of frames requested by num_frames or fps.' })
  frames_requested!: number;
  @ApiProperty() visual_tokens!: number;
}

class EstimatedTimingsDto {
  @ApiProperty({ description: 'Resizing images and splitting them into tiles.' }) tile_ms!: number;
  @ApiProperty({ description: 'Vision encoder and projector.' }) encode_ms!: number;
  @ApiProperty({ description: 'Prefill of the prompts.' }) prefill_ms!: number;
  @ApiProperty({ description: 'Decoding of max_tokens tokens per text.' }) decode_ms!: number;
}

@ApiExtraModels(ImageEstimateDto, VideoEstimateDto)
export class EstimateResponseDto {
  @ApiProperty({ description: 'Id of the model.' }) model!: string;
  @ApiProperty({
    type: 'array',
    items: {
      oneOf: [{ $ref: getSchemaPath(ImageEstimateDto) }, { $ref: getSchemaPath(VideoEstimateDto) }],
    },
  })
  media!: (ImageEstimateDto | VideoEstimateDto)[];
  @ApiProperty({ description: 'Runs of the vision encoder: tiles of images, frames of videos.' })
  tiles!: number;
  @ApiProperty({ description: 'Visual tokens of all media.' }) visual_tokens!: number;
  @ApiProperty({ description: 'Tokens of one prompt with the longest instruction.' })
  prompt_tokens!: number;
  @ApiProperty({ description: 'Limit of generated tokens per text.' }) max_tokens!: number;
  @ApiProperty({ description: 'Number of texts: languages times kinds.' }) texts!: number;
  @ApiProperty({ description: 'Context of the model in tokens.' }) context_length!: number;
  @ApiProperty({ description: 'Whether a prompt and max_tokens fit the context.' })
  fits_context!: boolean;
  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Seconds for texts of max_tokens tokens, without the decoding of files. null if "salamandra doctor" has not measured this model on this machine.',
  })
  seconds!: number | null;
  @ApiProperty({
    type: EstimatedTimingsDto,
    nullable: true,
    description: 'Milliseconds per stage; null where "seconds" is null.',
  })
  timings!: EstimatedTimingsDto | null;
  @ApiProperty({ description: 'Peak memory of the inference process, in MB.' })
  memory_mb!: number;
  @ApiProperty({ type: String, nullable: true, description: 'How to get a better estimate.' })
  hint!: string | null;
}

const HINT = 'Run "salamandra doctor" to measure the model on this machine.';

function toEstimateResponse(
  outlines: readonly MediaOutline[],
  request: { readonly texts: number; readonly maxTokens: number },
  estimate: RequestEstimate,
  model: ModelDescription,
): Plain<EstimateResponseDto> {
  const { timings } = estimate;
  return {
    model: model.id,
    media: outlines.flatMap((outline, index) => {
      const media = estimate.media[index];
      return media ? [toMediaEstimateResponse(outline, media)] : [];
    }),
    tiles: estimate.tiles,
    visual_tokens: estimate.visualTokens,
    prompt_tokens: estimate.promptTokens,
    max_tokens: request.maxTokens,
    texts: request.texts,
    context_length: model.contextLength,
    fits_context: estimate.fits,
    seconds: timings && sumSeconds(timings),
    timings: timings && {
      tile_ms: Math.round(timings.tileMs),
      encode_ms: Math.round(timings.encodeMs),
      prefill_ms: Math.round(timings.prefillMs),
      decode_ms: Math.round(timings.decodeMs),
    },
    memory_mb: Math.round(estimate.memoryBytes / 1e6),
    hint: timings ? null : HINT,
  };
}

function toMediaEstimateResponse(
  outline: MediaOutline,
  estimate: MediaEstimate,
): Plain<ImageEstimateDto | VideoEstimateDto> {
  const visual_tokens = estimate.visualTokens;
  if (outline.kind === 'image' && estimate.kind === 'image') {
    const { kind, width, height } = outline;
    return { kind, width, height, tiles: estimate.tiles, grid: estimate.grid, visual_tokens };
  }
  const frames = estimate.kind === 'video' ? estimate.frames : 0;
  const frames_requested = outline.kind === 'video' ? outline.framesRequested : 0;
  return { kind: 'video', frames, frames_requested, visual_tokens };
}

/** Rounded to 0.01 s. */
function sumSeconds({ tileMs, encodeMs, prefillMs, decodeMs }: EstimatedTimings): number {
  return Math.round((tileMs + encodeMs + prefillMs + decodeMs) / 10) / 100;
}

interface OutlineContext {
  readonly sampling: FrameSampling;
  readonly model: ModelDescription;
  readonly client: string;
  readonly signal: AbortSignal;
}

/** Finds the measured speed of the loaded model on this machine; undefined if it was never measured. */
export type FindCalibration = (model: ModelDescription) => Promise<Calibration | undefined>;

/** Reads the calibrations at every call, since `salamandra doctor` may write them while the service runs. */
export function createCalibrationFinder({
  home,
  threads,
}: {
  readonly home: string;
  readonly threads: number;
}): FindCalibration {
  return async (model) => {
    const key = { processor: describeProcessor(), threads, model };
    return findCalibration(await readCalibrations(home), key);
  };
}

/** The given size of an image or video; `null` if the request has the file itself. @throws INVALID_REQUEST */
function toOutline(item: EstimateMediaDto, sampling: FrameSampling): MediaOutline | null {
  const { base64, url, width, height, duration_seconds: durationSeconds } = item;
  const hasFile = base64 !== undefined || url !== undefined;
  const hasSize = width !== undefined || height !== undefined || durationSeconds !== undefined;
  if (hasFile && !hasSize) return null;
  if (!hasFile && durationSeconds !== undefined) return toVideoOutline(sampling, durationSeconds);
  if (!hasFile && width !== undefined && height !== undefined) {
    return { kind: 'image', width, height };
  }
  throw new SalamandraError(
    'INVALID_REQUEST',
    'Each entry of "media" must have either "width" and "height", or "duration_seconds", or "base64", or "url".',
  );
}

/** A video of unknown length contributes one frame. @throws NO_DECODABLE_FRAME if the range is outside the video. */
function toVideoOutline(
  { frames, range }: FrameSampling,
  durationSeconds: number | null,
): MediaOutline {
  if (durationSeconds === null) return { kind: 'video', framesRequested: 1 };
  const span = clampToDuration(range, durationSeconds);
  if (!span) throw noDecodableFrame();
  return { kind: 'video', framesRequested: countRequestedFrames(frames, span) };
}

@ApiTags('estimate')
@ApiExtraModels(EstimateRequestDto)
@Controller('v1/estimate')
export class EstimateController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    @Inject(VIDEO_INSPECTOR) private readonly inspector: MediaInspector,
    @Inject(CALIBRATIONS) private readonly findCalibration: FindCalibration,
    private readonly resolver: MediaResolver,
  ) {}

  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload(MAX_MEDIA_PER_REQUEST), TakesPlace)
  @ApiOperation({
    summary: 'Estimate the tokens, time and memory of a captions request',
    description:
      'Takes the fields of POST /v1/captions, or the sizes of the media in place of the files. Generates nothing and does not wait in the queue.',
  })
  @ApiConsumes('multipart/form-data', 'application/json')
  @ApiBody({ schema: toFormSchema(EstimateRequestDto, MAX_MEDIA_PER_REQUEST) })
  @ApiOkResponse({ type: EstimateResponseDto })
  @ApiProblems()
  async create(
    @Body() body: EstimateRequestDto,
    @UploadedMedia() files: readonly MediaSource[],
    @Client() client: string,
    @ClientSignal() signal: AbortSignal,
  ): Promise<Plain<EstimateResponseDto>> {
    const model = readyModel(this.engine);
    const sampling = toFrameSampling(body);
    const { maxTokens } = toSettings(body, model, 'captions');
    const languages = requestedLanguages(body.languages, model);
    const texts = languages.length * (body.kind ?? ['caption']).length;
    assertChatModel(model, [...files, ...[body.media ?? []].flat().map(() => ({}))]);
    const media = await this.outlineMedia(files, body, { sampling, model, client, signal });
    const request = { media, detail: body.detail ?? 'auto', texts, maxTokens };
    const costs = { ...model.costs, contextLength: model.contextLength };
    const estimate = estimateRequest(request, costs, await this.findCalibration(model));
    return toEstimateResponse(media, request, estimate, model);
  }

  /**
   * The sizes of all media in the order of the request: given in the body, or read from the headers of the files.
   *
   * @throws INVALID_REQUEST for media that the model does not accept.
   */
  private async outlineMedia(
    files: readonly MediaSource[],
    body: EstimateRequestDto,
    { sampling, model, client, signal }: OutlineContext,
  ): Promise<MediaOutline[]> {
    const { media, page, pages } = body;
    const animations = chooseAnimationUse(body);
    const items = [media ?? []].flat();
    const given = items.map((item) => toOutline(item, sampling));
    assertSupportsMedia(
      given.map((outline) => outline?.kind ?? 'unknown'),
      model,
    );
    const withFile = items.filter((_, index) => given[index] === null);
    const sources = resolveMedia(files, {
      media: media === undefined ? undefined : withFile,
      ...{ page, pages },
    });
    const resolved = await this.resolver.resolve(
      sources.map((source) => ({ ...source, animations })),
      sampling,
      signal,
      client,
    );
    try {
      assertSupportsMedia(
        resolved.media.map(({ kind }) => kind),
        model,
      );
      const inspected: MediaOutline[] = [];
      const caller = { client, signal };
      for (const item of resolved.media) inspected.push(await this.inspect(item, caller));
      if (media === undefined) return inspected;
      const counts = sources.map((source) => (source.pages ? countPages(source.pages) : 1));
      return given.flatMap((outline) => outline ?? inspected.splice(0, counts.shift()));
    } finally {
      await resolved.release();
    }
  }

  private async inspect(media: RequestMedia, caller: MediaCaller): Promise<MediaOutline> {
    if (media.kind === 'image') {
      const file = 'bytes' in media ? { bytes: media.bytes } : { path: media.path };
      const size = await this.inspector.inspectImage(file, media.page, caller.signal);
      return { kind: 'image', ...size };
    }
    const { durationSeconds } = await this.inspector.inspect(media.path, caller);
    return toVideoOutline(media.sampling, durationSeconds);
  }
}
