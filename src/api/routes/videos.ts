import { randomUUID } from 'node:crypto';
import {
  Body,
  Controller,
  HttpCode,
  Inject,
  Post,
  Req,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { ApiTags, ApiPropertyOptional, ApiProperty } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { MAX_VIDEO_CAPTIONS_TOKENS, MAX_SEGMENTS, MAX_VIDEO_SECONDS } from '../../config/limits.js';
import type { VideoInspector, VideoOutline } from '../../workers/media-inspector.js';
import type {
  ModelDescription,
  RequestMedia,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { ENGINE, VIDEO_INSPECTOR } from '../injection-tokens.js';
import { ApiMediaRequest, ApiProblems } from '../response/api-documentation.js';
import { checkChatModel } from '../request/loaded-model.js';
import { clientOf, ClientSignal } from '../request/client.js';
import {
  toFrameSampling,
  readyModel,
  toSettings,
  GenerationDto,
} from '../request/generation-fields.js';
import { MediaResolver, type MediaSource } from '../media/media-resolver.js';
import { MediaUpload } from '../media/media-upload.js';
import { chooseFormat, streamEvents, eventMessage } from '../response/send-outcome.js';
import {
  requestedLanguage,
  requestedLanguages,
  LanguagesField,
} from '../request/language-fields.js';
import { resolveOneMedia, UploadedMedia, MediaDto } from '../media/media-fields.js';
import {
  captionVideo,
  type VideoCaptionsTask,
  type DescribedSegment,
  type VideoCaptionsEvent,
} from '../../video-captions/caption-video.js';
import { type Granularity, planSegments } from '../../video-captions/plan-segments.js';
import { Type } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import type { Plain } from '../response/media-response.js';
import {
  TimingsDto,
  UsageDto,
  presentTimings,
  presentUsage,
} from '../response/outcome-response.js';
import type { Language } from '../../language/languages.js';
import type { SseMessage } from '../response/event-stream.js';
import { type Cue, formatWebVtt } from '../../video-captions/webvtt.js';

/** @throws UNSUPPORTED_MEDIA_TYPE for a picture. */
function takeClip(media: readonly RequestMedia[]): Extract<RequestMedia, { kind: 'video' }> {
  const [clip] = media;
  if (clip?.kind === 'video') return clip;
  throw new SalamandraError(
    'UNSUPPORTED_MEDIA_TYPE',
    'The file is not a clip; pictures go to /v1/captions.',
  );
}

/** @throws INVALID_PARAMETER when all texts together might not fit a reply that is sent at once. */
function checkLength(tokens: number): void {
  if (tokens <= MAX_VIDEO_CAPTIONS_TOKENS) return;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    'So many texts come as an event stream only; or ask for fewer segments, languages or tokens.',
    { details: { tokens, max_tokens: MAX_VIDEO_CAPTIONS_TOKENS } },
  );
}

export const GRANULARITIES: readonly Granularity['kind'][] = ['whole', 'shot', 'interval'];

const DEFAULT_INTERVAL_SECONDS = 10;
const DEFAULT_MAX_SHOTS = 100;

export class VideoCaptionsRequestDto extends GenerationDto {
  @ApiPropertyOptional({ type: MediaDto, description: 'The clip, in a JSON body.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => MediaDto)
  media?: MediaDto;

  @ApiPropertyOptional({
    enum: GRANULARITIES,
    default: 'whole',
    description:
      'What a segment is: all of it, each shot, or each interval. The frames that are asked for are those of each segment.',
  })
  @IsOptional()
  @IsIn(GRANULARITIES)
  granularity?: Granularity['kind'];

  @ApiPropertyOptional({ minimum: 1, default: DEFAULT_INTERVAL_SECONDS })
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(1)
  @Max(MAX_VIDEO_SECONDS)
  interval_seconds?: number;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_SEGMENTS,
    default: DEFAULT_MAX_SHOTS,
    description: 'The clearest cuts are kept where there are more.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_SEGMENTS)
  max_shots?: number;

  @LanguagesField(' A track has the first.')
  languages?: string[];

  @ApiPropertyOptional({
    description: 'The language of a track instead of the first of "languages".',
  })
  @IsOptional()
  @IsString()
  language?: string;
}

/** How a body wants the video cut. */
export function toGranularity(body: VideoCaptionsRequestDto): Granularity {
  const { granularity: kind = 'whole' } = body;
  switch (kind) {
    case 'whole':
      return { kind };
    case 'shot':
      return { kind, maxShots: body.max_shots ?? DEFAULT_MAX_SHOTS };
    case 'interval':
      return { kind, seconds: body.interval_seconds ?? DEFAULT_INTERVAL_SECONDS };
  }
}

class VideoDto {
  @ApiProperty({ enum: ['video'] }) kind!: 'video';
  @ApiProperty({ description: 'Pixels of the upright frames.' }) width!: number;
  @ApiProperty() height!: number;
  @ApiProperty({ type: Number, nullable: true, description: 'null where the file does not say.' })
  duration_seconds!: number | null;
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'null where it varies or is not said.',
  })
  frame_rate!: number | null;
}

export class SegmentDto {
  @ApiProperty({ description: 'Seconds from the beginning of the clip.' }) start!: number;
  @ApiProperty() end!: number;
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { ca: 'Un gos entra per l’esquerra.' },
    description: 'By language.',
  })
  texts!: Record<string, string>;
  @ApiProperty({ type: [Number], description: 'When the frames are that were looked at.' })
  frames!: number[];
}

export class VideoCaptionsReplyDto {
  @ApiProperty() id!: string;
  @ApiProperty() model!: string;
  @ApiProperty({ type: VideoDto }) media!: VideoDto;
  @ApiProperty({ enum: GRANULARITIES }) granularity!: Granularity['kind'];
  @ApiProperty({ type: [SegmentDto] }) segments!: SegmentDto[];
  @ApiProperty({ type: UsageDto }) usage!: UsageDto;
  @ApiProperty({ type: TimingsDto }) timings!: TimingsDto;
}

export function toVideoResponse(outline: VideoOutline): Plain<VideoDto> {
  const { width, height, durationSeconds, frameRate } = outline;
  return {
    kind: 'video',
    width,
    height,
    duration_seconds: durationSeconds,
    frame_rate: frameRate,
  };
}

export function presentSegment(segment: DescribedSegment): Plain<SegmentDto> {
  return {
    start: toMilliseconds(segment.startSeconds),
    end: toMilliseconds(segment.endSeconds),
    texts: Object.fromEntries(segment.texts.map(({ language, text }) => [language.code, text])),
    frames: segment.frames.map(toMilliseconds),
  };
}

/** Seconds, to the millisecond. */
function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** What a reply says of a video before its first segment. */
type VideoCaptionsHead = Plain<
  Pick<VideoCaptionsReplyDto, 'id' | 'model' | 'media' | 'granularity'>
>;

/** What comes of a video: its head first, then what was written. */
export type VideoCaptionsStream = AsyncIterable<
  { readonly type: 'head'; readonly head: VideoCaptionsHead } | VideoCaptionsEvent
>;

/** The whole reply. */
export async function collectVideoCaptions(
  events: VideoCaptionsStream,
): Promise<Plain<VideoCaptionsReplyDto>> {
  const segments: Plain<SegmentDto>[] = [];
  let head: VideoCaptionsHead | undefined;
  for await (const event of events) {
    if (event.type === 'head') head = event.head;
    else if (event.type === 'segment') segments.push(presentSegment(event.segment));
    else if (event.type === 'done' && head) {
      const { usage, timings } = event;
      return {
        ...head,
        segments,
        usage: presentUsage([usage]),
        timings: presentTimings(timings),
      };
    }
  }
  throw new Error('The video ended before its result.');
}

/** The whole reply as a WebVTT track; segments of which nothing was written are left out. */
export async function collectTrack(
  events: VideoCaptionsStream,
  language: Language,
): Promise<string> {
  const cues: Cue[] = [];
  let model = '';
  for await (const event of events) {
    if (event.type === 'head') model = event.head.model;
    if (event.type !== 'segment') continue;
    const { startSeconds, endSeconds, texts } = event.segment;
    for (const { text } of texts) cues.push({ startSeconds, endSeconds, text });
  }
  return formatWebVtt({ language, model, cues });
}

/** The reply piece by piece, as server-sent events. */
export async function* toVideoCaptionsMessages(
  events: VideoCaptionsStream,
): AsyncGenerator<SseMessage> {
  for await (const event of events) {
    switch (event.type) {
      case 'head':
        yield eventMessage('media', event.head);
        break;
      case 'text-delta': {
        const { startSeconds: start } = event.range;
        yield eventMessage('text-delta', {
          start,
          language: event.language.code,
          text: event.text,
        });
        break;
      }
      case 'segment':
        yield eventMessage('segment', presentSegment(event.segment));
        break;
      case 'done':
        yield eventMessage('usage', presentUsage([event.usage]));
        yield eventMessage('done', { timings: presentTimings(event.timings) });
        break;
    }
  }
}

@ApiTags('videos')
@Controller('v1/videos/captions')
export class VideosController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    @Inject(VIDEO_INSPECTOR) private readonly inspector: VideoInspector,
    private readonly intake: MediaResolver,
  ) {}

  /** What happens in a clip: as a whole, shot by shot or by the clock. Accept: text/vtt gives a WebVTT track. */
  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload(1))
  @ApiMediaRequest(VideoCaptionsRequestDto, VideoCaptionsReplyDto, {
    resultEvent: 'segment',
    files: 1,
    otherTypes: ['text/vtt'],
  })
  @ApiProblems()
  async create(
    @Body() body: VideoCaptionsRequestDto,
    @UploadedMedia() files: readonly MediaSource[],
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const format = chooseFormat(request, body.stream, ['json', 'event-stream', 'vtt']);
    const source = resolveOneMedia(files, body.media);
    const asked = requestedLanguages(body.languages);
    // Only the language of the track is written: the others would be thrown away.
    const trackLanguage = body.language === undefined ? asked[0] : requestedLanguage(body.language);
    const languages = format === 'vtt' && trackLanguage ? [trackLanguage] : asked;
    const model = readyModel(this.engine);
    checkChatModel(model, [source]);
    const settings = toSettings(body, model);
    const sampling = toFrameSampling(body);
    const granularity = toGranularity(body);
    const taken = await this.intake.resolve([source], sampling, signal);
    try {
      const { path } = takeClip(taken.media);
      const isCollected = format !== 'event-stream';
      const client = clientOf(request);
      const task = { client, path, sampling, languages, settings, isCollected };
      const events = this.describe(task, granularity, model, signal);
      if (format === 'event-stream') {
        await streamEvents({ request, response }, toVideoCaptionsMessages(events));
      } else if (format === 'vtt' && trackLanguage) {
        const track = await collectTrack(events, trackLanguage);
        response.type('text/vtt; charset=utf-8').send(track);
      } else {
        response.json(await collectVideoCaptions(events));
      }
    } finally {
      await taken.release();
    }
  }

  private async *describe(
    task: Omit<VideoCaptionsTask, 'segments'> & { readonly isCollected: boolean },
    granularity: Granularity,
    model: ModelDescription,
    signal: AbortSignal,
  ): VideoCaptionsStream {
    const { path, sampling, languages, settings } = task;
    const outline = await this.inspector.inspect(path, signal);
    const video = { path, outline, range: sampling.range };
    const segments = await planSegments(video, granularity, this.inspector, signal);
    if (task.isCollected) checkLength(segments.length * languages.length * settings.maxTokens);
    const id = `vid_${randomUUID()}`;
    const media = toVideoResponse(outline);
    yield { type: 'head', head: { id, model: model.id, media, granularity: granularity.kind } };
    yield* captionVideo(this.engine, { ...task, segments }, signal);
  }
}
