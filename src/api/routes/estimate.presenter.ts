import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';

import type {
  EstimatedTimings,
  MediaEstimate,
  MediaOutline,
  RequestEstimate,
} from '../../measure/doctor/estimate.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';
import type { Plain } from '../response/media-response.js';

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
      decode_ms: Math.round(timings.decodeMs),
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
function toSeconds({ tileMs, encodeMs, prefillMs, decodeMs }: EstimatedTimings): number {
  return Math.round((tileMs + encodeMs + prefillMs + decodeMs) / 10) / 100;
}
