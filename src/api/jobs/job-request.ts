import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsDefined,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';

import { MAX_SEGMENTS, MAX_URL_CHARACTERS, MAX_VIDEO_SECONDS } from '../../config/limits.js';
import { resolveLanguages } from '../../engine/conversations.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { JobRequest } from '../../jobs/jobs.js';
import type { Recipe } from '../../jobs/recipe.js';
import { assertSourceBelowRoots } from '../../jobs/sources/roots.js';
import type { SourceSpec } from '../../jobs/sources/source.js';
import { checkSecret, createSecret } from '../../jobs/webhooks/signature.js';
import { policyFor, type WebhookRules } from '../../jobs/webhooks/webhook-url.js';
import { switchedOff } from '../../media/remote/media-fetcher.js';
import { type CaptionKind, LANGUAGE_CODES } from '../../language/languages.js';
import type { Granularity } from '../../video-captions/plan-segments.js';
import { type Detail, DETAILS } from '../../vision/plan-tiles.js';
import { FrameSamplingDto, toFrameSampling } from '../request/generation-fields.js';
import type { JobService } from './job-service.js';
import { KindsField, LanguagesField } from '../request/language-fields.js';

const SOURCE_KINDS: readonly JobRequest['source']['kind'][] = [
  'folder',
  'table',
  'list',
  'iiif',
  'zip',
  'urls',
  'uploads',
];
const GRANULARITIES: readonly Granularity['kind'][] = ['whole', 'shot', 'interval'];
const DEFAULT_INTERVAL_SECONDS = 10;
const MAX_PATH_CHARACTERS = 4_096;
const MAX_PATTERNS = 100;
/** URLs of a job in the body of a request. More are given as a list, table or manifest. */
const MAX_URLS = 10_000;
const MAX_PILOT = 10_000;
const MAX_PRIORITY = 100;

export class JobSourceDto {
  @ApiProperty({
    enum: SOURCE_KINDS,
    description: 'With uploads, clients send the files to /v1/jobs/{id}/uploads.',
  })
  @IsIn(SOURCE_KINDS)
  kind!: JobRequest['source']['kind'];

  @ApiPropertyOptional({
    description:
      'Absolute path on the server, for the kinds folder, table, list and zip. It must be below a folder of SALAMANDRA_JOB_ROOTS.',
  })
  @IsOptional()
  @IsString()
  @Length(1, MAX_PATH_CHARACTERS)
  path?: string;

  @ApiPropertyOptional({ description: 'URL of a manifest or collection, for the kind iiif.' })
  @IsOptional()
  @IsString()
  @Length(1, MAX_PATH_CHARACTERS)
  url?: string;

  @ApiPropertyOptional({ type: [String], description: 'Of images and videos, for the kind urls.' })
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_URLS)
  @IsString({ each: true })
  @MaxLength(MAX_PATH_CHARACTERS, { each: true })
  urls?: string[];

  @ApiPropertyOptional({
    type: [String],
    description: 'Glob patterns of the files of a folder. Default: every file.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_PATTERNS)
  @IsString({ each: true })
  include?: string[];

  @ApiPropertyOptional({
    type: [String],
    description: 'Glob patterns of files and folders that are left out.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_PATTERNS)
  @IsString({ each: true })
  exclude?: string[];
}

export class WebhookDto {
  @ApiProperty({ description: 'Receives a POST for each change of the job.' })
  @IsString()
  @Length(1, MAX_URL_CHARACTERS)
  url!: string;

  @ApiPropertyOptional({
    description:
      '`whsec_` and 24 to 64 bytes in base64. Default: a new one, in this response only.',
  })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  secret?: string;
}

export class JobRequestDto extends FrameSamplingDto {
  @ApiProperty({ type: JobSourceDto, description: 'What to caption.' })
  @IsDefined({ message: '"source" is missing.' })
  @IsObject()
  @ValidateNested()
  @Type(() => JobSourceDto)
  source!: JobSourceDto;

  @ApiPropertyOptional({ type: WebhookDto, description: 'Where the end of the job is told.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => WebhookDto)
  webhook?: WebhookDto;

  @ApiPropertyOptional({ description: 'Name of the job. Default: that of the source.' })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  name?: string;

  @LanguagesField()
  languages?: string[];

  @KindsField()
  kind?: CaptionKind[];

  @ApiPropertyOptional({ enum: DETAILS, default: 'auto', description: 'Tiles of an image.' })
  @IsOptional()
  @IsIn(DETAILS)
  detail?: Detail;

  @ApiPropertyOptional({
    enum: GRANULARITIES,
    default: 'whole',
    description: 'One caption for the whole video, each shot or each interval.',
  })
  @IsOptional()
  @IsIn(GRANULARITIES)
  granularity?: Granularity['kind'];

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_VIDEO_SECONDS,
    default: DEFAULT_INTERVAL_SECONDS,
  })
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(1)
  @Max(MAX_VIDEO_SECONDS)
  interval_seconds?: number;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_PILOT,
    description:
      'Items that are captioned first, spread over the source. Then the job waits for /resume.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_PILOT)
  pilot?: number;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_PRIORITY,
    default: 0,
    description: 'Jobs with a higher number are done first.',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_PRIORITY)
  priority?: number;

  @ApiPropertyOptional({
    description: 'Id of the model. Default: that of the worker that begins with the job.',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  model?: string;
}

/**
 * @param service `roots`: folders of the operator, below which paths of the source must be.
 * @throws INVALID_PARAMETER, FORBIDDEN for a path outside the roots, MEDIA_URL_REJECTED for URLs that are switched off.
 */
export async function toJobRequest(
  body: JobRequestDto,
  { roots, fetchesUrls, webhookRules }: Pick<JobService, 'roots' | 'fetchesUrls' | 'webhookRules'>,
): Promise<JobRequest> {
  const webhook = body.webhook && toWebhook(body.webhook, webhookRules);
  if (body.source.kind === 'uploads') return toUploadsRequest(body, webhook);
  const source = toSource(body.source, body.source.kind);
  if (!fetchesUrls && (source.kind === 'urls' || isRemote(source))) throw switchedOff();
  if (source.kind !== 'urls' && roots.length === 0 && !isRemote(source)) throw noRoots();
  await assertSourceBelowRoots(source, roots);
  return {
    ...commonFields(body, webhook),
    name: body.name ?? nameOf(source),
    // Rows of tables and symbolic links can name files elsewhere.
    source: { ...source, roots },
  };
}

function toUploadsRequest(body: JobRequestDto, webhook: JobRequest['webhook']): JobRequest {
  return {
    ...commonFields(body, webhook),
    name: body.name ?? 'uploads',
    source: { kind: 'uploads' },
  };
}

function commonFields(
  body: JobRequestDto,
  webhook: JobRequest['webhook'],
): Omit<JobRequest, 'name' | 'source'> {
  return {
    ...(webhook && { webhook }),
    recipe: toRecipe(body),
    priority: body.priority ?? 0,
    pilot: body.pilot ?? 0,
    modelName: body.model ?? null,
  };
}

/** @throws FORBIDDEN for a URL that is not allowed, INVALID_PARAMETER for a secret of another form. */
function toWebhook({ url, secret }: WebhookDto, rules: WebhookRules): JobRequest['webhook'] {
  policyFor(url, rules);
  return { url, secret: secret === undefined ? createSecret() : checkSecret(secret) };
}

function toSource(
  { path, url, urls, include, exclude }: JobSourceDto,
  kind: SourceSpec['kind'],
): SourceSpec {
  switch (kind) {
    case 'folder':
      return {
        ...{ kind, path: given('path', path, kind) },
        ...(include && { include }),
        ...(exclude && { exclude }),
      };
    case 'table':
    case 'list':
    case 'zip':
      return { kind, path: given('path', path, kind) };
    case 'iiif':
      return { kind, url: given('url', url, kind) };
    case 'urls':
      return { kind, urls: given('urls', urls, kind) };
  }
}

function given<T>(field: string, value: T | undefined, kind: string): T {
  if (value !== undefined) return value;
  throw new SalamandraError('INVALID_PARAMETER', `A source of kind "${kind}" needs "${field}".`, {
    details: { parameter: `source.${field}` },
  });
}

function toRecipe(body: JobRequestDto): Recipe {
  const { granularity = 'whole', interval_seconds: seconds = DEFAULT_INTERVAL_SECONDS } = body;
  // Whether the model has the languages is known when a worker begins.
  const languages = resolveLanguages(body.languages ?? ['en'], LANGUAGE_CODES);
  return {
    languages: languages.map(({ code }) => code),
    kinds: body.kind ?? ['caption'],
    detail: body.detail ?? 'auto',
    granularity:
      granularity === 'interval'
        ? { kind: granularity, seconds }
        : granularity === 'shot'
          ? { kind: granularity, maxShots: MAX_SEGMENTS }
          : { kind: granularity },
    sampling: toFrameSampling(body),
  };
}

function isRemote(source: SourceSpec): boolean {
  return source.kind === 'iiif' && /^https?:/i.test(source.url);
}

function nameOf(source: SourceSpec): string {
  switch (source.kind) {
    case 'folder':
    case 'table':
    case 'list':
    case 'zip':
      return source.path.split('/').findLast((part) => part !== '') ?? source.path;
    case 'iiif':
      return source.url;
    case 'urls':
      return `${source.urls.length} URLs`;
  }
}

function noRoots(): SalamandraError {
  return new SalamandraError(
    'FORBIDDEN',
    'The operator allows no folder for jobs over HTTP. Set SALAMANDRA_JOB_ROOTS, or create the job with `salamandra jobs create` on the server.',
  );
}
