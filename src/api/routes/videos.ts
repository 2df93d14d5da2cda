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
import { ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
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
import type { Request, Response } from 'express';

import { MAX_SEGMENTS, MAX_VIDEO_CAPTIONS_TOKENS, MAX_VIDEO_SECONDS } from '../../config/limits.js';
import type { RequestMedia, VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { Language } from '../../language/languages.js';
import {
  captionVideo,
  type CaptionedSegment,
  type MissingSegment,
  toMissingCue,
  type VideoCaptionsEvent,
  type VideoCaptionsTask,
} from '../../video-captions/caption-video.js';
import { type Granularity, planSegments } from '../../video-captions/plan-segments.js';
import { toTimecodeClock } from '../../video-captions/timecode.js';
import { formatWebVtt } from '../../video-captions/webvtt.js';
import type { MediaInspector } from '../../workers/media-inspector.js';
import { ENGINE, VIDEO_INSPECTOR } from '../injection-tokens.js';
import { MediaDto, resolveOneMedia } from '../media/media-fields.js';
import type { MediaSource } from '../media/media-resolver.js';
import { MediaUpload, UploadedMedia } from '../media/media-upload.js';
import { ClientSignal } from '../admission/client.js';
import { TakesPlace } from '../admission/work-queue.js';
import { GenerationDto } from '../request/generation-fields.js';
import {
  LanguagesField,
  requestedLanguage,
  requestedLanguages,
} from '../request/language-fields.js';
import { readyModel } from '../request/loaded-model.js';
import type { SseMessage } from '../response/event-stream.js';
import type { Plain } from '../response/media-response.js';
import {
  TimingsDto,
  toTimingsResponse,
  toUsageResponse,
  UsageDto,
} from '../response/outcome-response.js';
import {
  MissingSegmentDto,
  SegmentDto,
  toMissingResponse,
  toSegmentResponse,
  toVideoResponse,
  VideoDto,
} from '../response/video-response.js';
import { ApiProblems } from '../response/problem.js';
import { chooseFormat, sendMessages, toMessage } from '../response/send-outcome.js';
import { ApiMediaRequest, MediaRequestHandler } from './media-request.js';

const GRANULARITIES: readonly Granularity['kind'][] = ['whole', 'shot', 'interval'];

const DEFAULT_INTERVAL_SECONDS = 10;
const DEFAULT_MAX_SHOTS = 100;

export class VideoCaptionsRequestDto extends GenerationDto {
  @ApiPropertyOptional({ type: MediaDto, description: 'The video, in a JSON body.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => MediaDto)
  media?: MediaDto;

  @ApiPropertyOptional({
    enum: GRANULARITIES,
    default: 'whole',
    description:
      'How the video is split into segments: one segment, one per shot, or one per interval. num_frames and fps apply to each segment.',
  })
  @IsOptional()
  @IsIn(GRANULARITIES)
  granularity?: Granularity['kind'];

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_VIDEO_SECONDS,
    default: DEFAULT_INTERVAL_SECONDS,
    description: 'Length of a segment in seconds, with granularity "interval".',
  })
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(1)
  @Max(MAX_VIDEO_SECONDS)
  interval_seconds?: number;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_SEGMENTS,
    default: DEFAULT_MAX_SHOTS,
    description:
      'Maximum number of segments, with granularity "shot". A video with more shots is split at its clearest cuts.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_SEGMENTS)
  max_shots?: number;

  @LanguagesField(' A WebVTT track uses the first one only.')
  languages?: string[];

  @ApiPropertyOptional({
    description: 'Language of a WebVTT track, instead of the first of "languages".',
  })
  @IsOptional()
  @IsString()
  language?: string;
}

function toGranularity(body: VideoCaptionsRequestDto): Granularity {
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

class VideoCaptionsResponseDto {
  @ApiProperty() id!: string;
  @ApiProperty({ description: 'Id of the model.' }) model!: string;
  @ApiProperty({ type: VideoDto }) media!: VideoDto;
  @ApiProperty({ enum: GRANULARITIES }) granularity!: Granularity['kind'];
  @ApiProperty({ type: [SegmentDto], description: 'Segments with captions.' })
  segments!: SegmentDto[];
  @ApiProperty({ type: [MissingSegmentDto], description: 'Segments without captions, and why.' })
  missing!: MissingSegmentDto[];
  @ApiProperty({ type: UsageDto, description: 'Sum over all segments.' }) usage!: UsageDto;
  @ApiProperty({ type: TimingsDto, description: 'Milliseconds.' }) timings!: TimingsDto;
}

/** The fields that are known before the first segment. */
type VideoCaptionsHead = Plain<
  Pick<VideoCaptionsResponseDto, 'id' | 'model' | 'media' | 'granularity'>
>;

type VideoCaptionsStream = AsyncIterable<
  { readonly type: 'head'; readonly head: VideoCaptionsHead } | VideoCaptionsEvent
>;

type DoneEvent = Extract<VideoCaptionsEvent, { readonly type: 'done' }>;

interface VideoCaptions extends Pick<DoneEvent, 'usage' | 'timings'> {
  readonly head: VideoCaptionsHead;
  readonly segments: readonly CaptionedSegment[];
  readonly missing: readonly MissingSegment[];
}

async function collectVideoCaptions(events: VideoCaptionsStream): Promise<VideoCaptions> {
  const segments: CaptionedSegment[] = [];
  const missing: MissingSegment[] = [];
  let head: VideoCaptionsHead | undefined;
  for await (const event of events) {
    if (event.type === 'head') head = event.head;
    else if (event.type === 'segment') segments.push(event.segment);
    else if (event.type === 'missing') missing.push(event.missing);
    else if (event.type === 'done' && head) {
      return { head, segments, missing, usage: event.usage, timings: event.timings };
    }
  }
  throw new Error('The captions of the video ended without a result.');
}

function toVideoCaptionsResponse(captions: VideoCaptions): Plain<VideoCaptionsResponseDto> {
  return {
    ...captions.head,
    segments: captions.segments.map(toSegmentResponse),
    missing: captions.missing.map(toMissingResponse),
    usage: toUsageResponse([captions.usage]),
    timings: toTimingsResponse(captions.timings),
  };
}

/** A WebVTT track with one cue per segment. */
function toTrack(
  { head: { model }, segments, missing }: VideoCaptions,
  language: Language,
): string {
  const cues = segments.flatMap(({ startSeconds, endSeconds, texts, timecodes }) =>
    texts.map(({ text }) => ({ startSeconds, endSeconds, text, timecodes })),
  );
  return formatWebVtt({ language, model, cues, missing: missing.map(toMissingCue) });
}

async function* toVideoCaptionsMessages(events: VideoCaptionsStream): AsyncGenerator<SseMessage> {
  for await (const event of events) {
    switch (event.type) {
      case 'head':
        yield toMessage('media', event.head);
        break;
      case 'text-delta': {
        const { range, language, text } = event;
        yield toMessage('text-delta', { start: range.startSeconds, language: language.code, text });
        break;
      }
      case 'restart':
        yield toMessage('restart', { start: event.range.startSeconds });
        break;
      case 'segment':
        yield toMessage('segment', toSegmentResponse(event.segment));
        break;
      case 'missing':
        yield toMessage('missing', toMissingResponse(event.missing));
        break;
      case 'done':
        yield toMessage('usage', toUsageResponse([event.usage]));
        yield toMessage('done', { timings: toTimingsResponse(event.timings) });
        break;
    }
  }
}

@ApiTags('videos')
@Controller('v1/videos/captions')
export class VideosController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    @Inject(VIDEO_INSPECTOR) private readonly inspector: MediaInspector,
    private readonly handler: MediaRequestHandler,
  ) {}

  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload(1), TakesPlace)
  @ApiOperation({
    summary: 'Caption a whole video, its shots or its intervals',
    description:
      'Describes a video segment by segment, in each requested language. With "Accept: text/vtt" the response is a WebVTT track in one language.',
  })
  @ApiMediaRequest({
    request: VideoCaptionsRequestDto,
    response: VideoCaptionsResponseDto,
    resultEvent: 'segment',
    maxFiles: 1,
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
    const exchange = { request, response, signal };
    const format = chooseFormat(request, body.stream, ['json', 'event-stream', 'vtt']);
    const sources = [resolveOneMedia(files, body)];
    const loaded = readyModel(this.engine);
    const requested = requestedLanguages(body.languages, loaded);
    // A track has one language. Captions in the others would be discarded.
    const trackLanguage =
      body.language === undefined ? requested[0] : requestedLanguage(body.language, loaded);
    const languages = format === 'vtt' && trackLanguage ? [trackLanguage] : requested;
    const granularity = toGranularity(body);
    await this.handler.handle(
      exchange,
      { body, sources, texts: 'captions', only: 'video' },
      async ({ client, model, settings, sampling, media }) => {
        const path = pathOfVideo(media);
        const { receipts } = body;
        const task = { client, path, sampling, languages, settings, receipts };
        const head = { id: `vid_${randomUUID()}`, model: model.id, granularity };
        const isStream = format === 'event-stream';
        const events = this.describe(task, head, isStream, signal);
        if (isStream) {
          await sendMessages(exchange, toVideoCaptionsMessages(events));
        } else if (format === 'vtt' && trackLanguage) {
          const track = toTrack(await collectVideoCaptions(events), trackLanguage);
          response.type('text/vtt; charset=utf-8').send(track);
        } else {
          response.json(toVideoCaptionsResponse(await collectVideoCaptions(events)));
        }
      },
    );
  }

  /** @throws INVALID_PARAMETER if the captions could exceed MAX_VIDEO_CAPTIONS_TOKENS and are not streamed. */
  private async *describe(
    task: Omit<VideoCaptionsTask, 'segments' | 'timecode'>,
    { id, model, granularity }: { id: string; model: string; granularity: Granularity },
    isStream: boolean,
    signal: AbortSignal,
  ): VideoCaptionsStream {
    const { client, path, sampling, languages, settings } = task;
    const caller = { signal, ...(client !== undefined && { client }) };
    const metadata = await this.inspector.inspect(path, caller);
    const video = { path, metadata, range: sampling.range };
    const segments = await planSegments(video, granularity, this.inspector, caller);
    if (!isStream) checkTokens(segments.length * languages.length * settings.maxTokens);
    const media = toVideoResponse(metadata);
    yield { type: 'head', head: { id, model, media, granularity: granularity.kind } };
    yield* captionVideo(
      this.engine,
      { ...task, segments, timecode: toTimecodeClock(metadata) },
      signal,
    );
  }
}

/** @throws UNSUPPORTED_MEDIA_TYPE for an image. */
function pathOfVideo([media]: readonly RequestMedia[]): string {
  if (media?.kind === 'video') return media.path;
  throw new SalamandraError(
    'UNSUPPORTED_MEDIA_TYPE',
    'The file is neither a video in a supported container nor an animation of several frames. Send images to /v1/captions.',
  );
}

function checkTokens(tokens: number): void {
  if (tokens <= MAX_VIDEO_CAPTIONS_TOKENS) return;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `Too many tokens for one response: up to ${tokens}, limit ${MAX_VIDEO_CAPTIONS_TOKENS}. Set "stream": true, or request fewer segments, languages or max_tokens.`,
    { details: { tokens, max_tokens: MAX_VIDEO_CAPTIONS_TOKENS } },
  );
}
