import { Body, Controller, HttpCode, Inject, Post, UseInterceptors } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiTags,
  getSchemaPath,
  ApiPropertyOptional,
  ApiProperty,
} from '@nestjs/swagger';
import { MAX_MEDIA, MAX_IMAGE_SIDE, MAX_VIDEO_SECONDS } from '../../config/limits.js';
import {
  estimateRequest,
  type EstimatedTimings,
  type MediaEstimate,
  type MediaOutline,
  type RequestEstimate,
} from '../../measure/doctor/estimate-request.js';
import type { VideoInspector } from '../../workers/media-inspector.js';
import type {
  VisionLanguageEngine,
  ModelDescription,
  RequestMedia,
} from '../../engine/vision-language-engine.js';
import { CALIBRATIONS, ENGINE, VIDEO_INSPECTOR } from '../injection-tokens.js';
import { ApiProblems } from '../response/api-documentation.js';
import { checkChatModel } from '../request/loaded-model.js';
import { ClientSignal } from '../request/client.js';
import {
  toFrameSampling,
  readyModel,
  toSettings,
  PictureGenerationDto,
} from '../request/generation-fields.js';
import type { Plain } from '../response/media-response.js';
import { MediaResolver, type MediaSource } from '../media/media-resolver.js';
import { MediaUpload } from '../media/media-upload.js';
import { requestedLanguages, KindsField, LanguagesField } from '../request/language-fields.js';
import { UploadedMedia, IsMediaOrList, MediaDto, resolveMedia } from '../media/media-fields.js';
import { Type } from 'class-transformer';
import { IsInt, IsNumber, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import type { CaptionKind } from '../../language/languages.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { FrameSampling } from '../../media/frame-sampling.js';
import { clipSpan, countWishedFrames } from '../../media/plan-frame-times.js';
import { noDecodableFrame } from '../../media/video-errors.js';
import {
  type Calibration,
  findCalibration,
  readCalibrations,
} from '../../measure/doctor/calibration.js';
import { describeProcessor } from '../../measure/doctor/machine.js';

/** A picture or clip as it is sent elsewhere, or its size instead of it. */
export class EstimateMediaDto extends MediaDto {
  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_IMAGE_SIDE,
    description: 'Pixels of an upright picture, instead of the picture.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_IMAGE_SIDE)
  width?: number;

  @ApiPropertyOptional({ minimum: 1, maximum: MAX_IMAGE_SIDE })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_IMAGE_SIDE)
  height?: number;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_VIDEO_SECONDS,
    description: 'The length of a clip, instead of the clip.',
  })
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0)
  @Max(MAX_VIDEO_SECONDS)
  duration_seconds?: number;
}

/** Every field of a captions request, with sizes for media that need not be sent. */
@ApiExtraModels(EstimateMediaDto)
export class EstimateRequestDto extends PictureGenerationDto {
  @ApiPropertyOptional({
    oneOf: [
      { $ref: getSchemaPath(EstimateMediaDto) },
      { type: 'array', maxItems: MAX_MEDIA, items: { $ref: getSchemaPath(EstimateMediaDto) } },
    ],
    description: 'Pictures and clips, or their sizes, in a JSON body.',
  })
  @IsOptional()
  @IsMediaOrList()
  @ValidateNested()
  @Type(() => EstimateMediaDto)
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
  @ApiProperty({ description: 'Pixels of the upright picture.' }) width!: number;
  @ApiProperty() height!: number;
  @ApiProperty({ description: 'The whole picture as one of them.' }) tiles!: number;
  @ApiProperty({ type: GridEstimateDto, nullable: true }) grid!: GridEstimateDto | null;
  @ApiProperty() visual_tokens!: number;
}

class VideoEstimateDto {
  @ApiProperty({ enum: ['video'] }) kind!: 'video';
  @ApiProperty({ description: 'That the context has room for.' }) frames!: number;
  @ApiProperty() frames_requested!: number;
  @ApiProperty() visual_tokens!: number;
}

class EstimatedTimingsDto {
  @ApiProperty({ description: 'Cutting pictures into tiles.' }) tile_ms!: number;
  @ApiProperty({ description: 'The vision encoder.' }) encode_ms!: number;
  @ApiProperty({ description: 'Reading the prompts.' }) prefill_ms!: number;
  @ApiProperty({ description: 'Writing answers of the full length.' }) decode_ms!: number;
}

@ApiExtraModels(ImageEstimateDto, VideoEstimateDto)
export class EstimateReplyDto {
  @ApiProperty() model!: string;
  @ApiProperty({
    type: 'array',
    items: {
      oneOf: [{ $ref: getSchemaPath(ImageEstimateDto) }, { $ref: getSchemaPath(VideoEstimateDto) }],
    },
  })
  media!: (ImageEstimateDto | VideoEstimateDto)[];
  @ApiProperty({ description: 'Runs of the vision encoder: tiles and frames.' }) tiles!: number;
  @ApiProperty() visual_tokens!: number;
  @ApiProperty({ description: 'Of one text, its instruction at the longest.' })
  prompt_tokens!: number;
  @ApiProperty({ description: 'Of each text.' }) max_tokens!: number;
  @ApiProperty({ description: 'How many texts are written.' }) texts!: number;
  @ApiProperty() context_length!: number;
  @ApiProperty() fits_context!: boolean;
  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'With answers of the full length; decoding files comes on top. null where the model was not measured on this machine.',
  })
  seconds!: number | null;
  @ApiProperty({ type: EstimatedTimingsDto, nullable: true })
  timings!: EstimatedTimingsDto | null;
  @ApiProperty({ description: 'Of the process that holds the model.' }) memory_mb!: number;
  @ApiProperty({ type: String, nullable: true, description: 'What would make it more exact.' })
  hint!: string | null;
}

const HINT = 'Run "salamandra doctor" on this machine to have the times measured.';

/** An estimate as the API tells it. */
export function presentEstimate(
  outlines: readonly MediaOutline[],
  request: { readonly texts: number; readonly maxTokens: number },
  estimate: RequestEstimate,
  model: ModelDescription,
): Plain<EstimateReplyDto> {
  const { timings } = estimate;
  return {
    model: model.id,
    media: outlines.flatMap((outline, index) => {
      const one = estimate.media[index];
      return one ? [presentMedia(outline, one)] : [];
    }),
    tiles: estimate.tiles,
    visual_tokens: estimate.visualTokens,
    prompt_tokens: estimate.promptTokens,
    max_tokens: request.maxTokens,
    texts: request.texts,
    context_length: model.contextLength,
    fits_context: estimate.fits,
    seconds: timings && toSeconds(timings),
    timings: timings && {
      tile_ms: Math.round(timings.tileMs),
      encode_ms: Math.round(timings.encodeMs),
      prefill_ms: Math.round(timings.prefillMs),
      decode_ms: Math.round(timings.generateMs),
    },
    memory_mb: Math.round(estimate.memoryBytes / 1e6),
    hint: timings ? null : HINT,
  };
}

function presentMedia(
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

/** To the hundredth: an estimate is no better. */
function toSeconds({ tileMs, encodeMs, prefillMs, generateMs }: EstimatedTimings): number {
  return Math.round((tileMs + encodeMs + prefillMs + generateMs) / 10) / 100;
}

interface EstimatedMedia {
  /** Uploads, in the order of the form. */
  readonly files: readonly MediaSource[];
  readonly media: EstimateMediaDto | readonly EstimateMediaDto[] | undefined;
  readonly sampling: FrameSampling;
}

interface MediaReaders {
  readonly intake: MediaResolver;
  readonly inspector: VideoInspector;
}

/**
 * The sizes of a request's media, in order: as they are given, or read from the headers of what was sent.
 *
 * @throws INVALID_REQUEST where a size is given by halves, NO_DECODABLE_FRAME, and what taking and inspecting media throws.
 */
export async function outlineMedia(
  { files, media, sampling }: EstimatedMedia,
  { intake, inspector }: MediaReaders,
  signal: AbortSignal,
): Promise<MediaOutline[]> {
  const items = [media ?? []].flat();
  const sized = items.map((item) => outlineOf(item, sampling));
  const sent = items.filter((_, index) => sized[index] === null);
  const sources = resolveMedia(files, media === undefined ? undefined : sent);
  const taken = await intake.resolve(sources, sampling, signal);
  try {
    const inspected: MediaOutline[] = [];
    for (const one of taken.media) inspected.push(await inspect(one, inspector, signal));
    if (media === undefined) return inspected;
    return sized.flatMap((outline) => outline ?? inspected.shift() ?? []);
  } finally {
    await taken.release();
  }
}

/** The size that was given; null for media that were sent. @throws INVALID_REQUEST */
function outlineOf(item: EstimateMediaDto, sampling: FrameSampling): MediaOutline | null {
  const { base64, url, width, height, duration_seconds: durationSeconds } = item;
  const isSent = base64 !== undefined || url !== undefined;
  const isSized = width !== undefined || height !== undefined || durationSeconds !== undefined;
  if (isSent && !isSized) return null;
  if (!isSent && durationSeconds !== undefined) return outlineClip(sampling, durationSeconds);
  if (!isSent && width !== undefined && height !== undefined) {
    return { kind: 'image', width, height };
  }
  throw new SalamandraError(
    'INVALID_REQUEST',
    'Of each of the media, send "width" and "height", "duration_seconds", "base64" or "url".',
  );
}

async function inspect(
  media: RequestMedia,
  inspector: VideoInspector,
  signal: AbortSignal,
): Promise<MediaOutline> {
  if (media.kind === 'image') {
    return { kind: 'image', ...(await inspector.inspectImage(media.bytes, signal)) };
  }
  const { durationSeconds } = await inspector.inspect(media.path, signal);
  return outlineClip(media.sampling, durationSeconds);
}

/** A clip that does not say how long it is has one frame taken. @throws NO_DECODABLE_FRAME for a range outside the clip */
function outlineClip(
  { frames, range }: FrameSampling,
  durationSeconds: number | null,
): MediaOutline {
  if (durationSeconds === null) return { kind: 'video', framesRequested: 1 };
  const span = clipSpan(range, durationSeconds);
  if (!span) throw noDecodableFrame();
  return { kind: 'video', framesRequested: countWishedFrames(frames, span) };
}

/** How fast the loaded model was found to be on this machine; undefined where nobody measured it. */
export type FindCalibration = (model: ModelDescription) => Promise<Calibration | undefined>;

/** Looks in the home folder at every call: "salamandra doctor" may run while the service does. */
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

@ApiTags('estimate')
@ApiExtraModels(EstimateRequestDto)
@Controller('v1/estimate')
export class EstimateController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    @Inject(VIDEO_INSPECTOR) private readonly inspector: VideoInspector,
    @Inject(CALIBRATIONS) private readonly findCalibration: FindCalibration,
    private readonly intake: MediaResolver,
  ) {}

  /** What a captions request would take, without doing it: tokens, time and memory. Nothing waits for the model. */
  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload(MAX_MEDIA))
  @ApiConsumes('multipart/form-data', 'application/json')
  @ApiBody({
    schema: {
      allOf: [
        { $ref: getSchemaPath(EstimateRequestDto) },
        {
          type: 'object',
          properties: {
            file: {
              type: 'array',
              items: { type: 'string', format: 'binary' },
              maxItems: MAX_MEDIA,
            },
          },
        },
      ],
    },
  })
  @ApiOkResponse({ type: EstimateReplyDto })
  @ApiProblems()
  async create(
    @Body() body: EstimateRequestDto,
    @UploadedMedia() files: readonly MediaSource[],
    @ClientSignal() signal: AbortSignal,
  ): Promise<Plain<EstimateReplyDto>> {
    const model = readyModel(this.engine);
    const sampling = toFrameSampling(body);
    const { maxTokens } = toSettings(body, model);
    const texts = requestedLanguages(body.languages).length * (body.kind ?? ['caption']).length;
    checkChatModel(model, [...files, ...[body.media ?? []].flat()]);
    const { intake, inspector } = this;
    const media = await outlineMedia(
      { files, media: body.media, sampling },
      { intake, inspector },
      signal,
    );
    const request = { media, detail: body.detail ?? 'auto', texts, maxTokens };
    const costs = { ...model.costs, contextLength: model.contextLength };
    const estimate = estimateRequest(request, costs, await this.findCalibration(model));
    return presentEstimate(media, request, estimate, model);
  }
}
