import { ApiProperty, getSchemaPath } from '@nestjs/swagger';

import { roundToMilliseconds } from '../../media/frame-sampling.js';
import type { MediaReport } from '../../media/media-report.js';
import { type Detail, DETAILS } from '../../vision/plan-tiles.js';

/** The plain object with the fields of a documented class. */
export type Plain<T> = { [K in keyof T]: T[K] extends object | null ? Plain<T[K]> : T[K] };

class GridDto {
  @ApiProperty() rows!: number;
  @ApiProperty() columns!: number;
}

export class ImageReportDto {
  @ApiProperty({ enum: ['image'] }) kind!: 'image';
  @ApiProperty({ description: 'SHA-256 of the file, in hex.' }) sha256!: string;
  @ApiProperty({ description: 'Width in pixels, after the EXIF rotation.' }) width!: number;
  @ApiProperty({ description: 'Height in pixels, after the EXIF rotation.' }) height!: number;
  @ApiProperty({ description: 'Number of encoded tiles, including the base tile.' })
  tiles!: number;
  @ApiProperty({
    type: GridDto,
    nullable: true,
    description: 'Grid of the tiles besides the base tile; null if only the base tile was encoded.',
  })
  grid!: GridDto | null;
  @ApiProperty({ enum: DETAILS }) detail!: Detail;
  @ApiProperty({ description: 'Tokens that the image takes in the prompt.' })
  visual_tokens!: number;
  @ApiProperty({
    description:
      'Whether the image shows one uniform color. Texts about it describe nothing that is in the file.',
  })
  blank!: boolean;
  @ApiProperty({ description: 'Page of the file that was read, counted from 1.' }) page!: number;
  @ApiProperty({ description: 'Pages of the file; 1 for formats without pages.' }) pages!: number;
}

export class VideoReportDto {
  @ApiProperty({ enum: ['video'] }) kind!: 'video';
  @ApiProperty({ description: 'SHA-256 of the file, in hex.' }) sha256!: string;
  @ApiProperty({ description: 'Width of a frame in pixels, after rotation.' }) width!: number;
  @ApiProperty({ description: 'Height of a frame in pixels, after rotation.' }) height!: number;
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Length in seconds; null if the file does not state it.',
  })
  duration_seconds!: number | null;
  @ApiProperty({ type: [Number], description: 'Timestamps of the sampled frames, in seconds.' })
  frames!: number[];
  @ApiProperty({
    description:
      'Number of frames requested by num_frames or fps. Larger than the length of "frames" if the video or the context has room for fewer.',
  })
  frames_requested!: number;
  @ApiProperty({ description: 'Tokens that the video takes in the prompt.' })
  visual_tokens!: number;
}

export type MediaReportDto = ImageReportDto | VideoReportDto;

/** OpenAPI schema of a MediaReportDto. */
export const MEDIA_REPORT_SCHEMA = {
  oneOf: [{ $ref: getSchemaPath(ImageReportDto) }, { $ref: getSchemaPath(VideoReportDto) }],
  discriminator: {
    propertyName: 'kind',
    mapping: { image: getSchemaPath(ImageReportDto), video: getSchemaPath(VideoReportDto) },
  },
};

/** @param detail the request's, which applies to its images. */
export function toMediaResponse(
  media: readonly MediaReport[],
  detail: Detail,
): Plain<MediaReportDto>[] {
  return media.map((report) => toReportResponse(report, detail));
}

function toReportResponse(report: MediaReport, detail: Detail): Plain<MediaReportDto> {
  const { sha256, width, height, visualTokens: visual_tokens } = report;
  if (report.kind === 'image') {
    const { kind, tiles, grid, blank, page, pages } = report;
    return {
      ...{ kind, sha256, width, height, tiles, grid, detail, visual_tokens, blank },
      ...{ page, pages },
    };
  }
  const { kind, durationSeconds, framesRequested: frames_requested } = report;
  const duration_seconds = durationSeconds === null ? null : roundToMilliseconds(durationSeconds);
  const frames = report.frames.map(({ timestampSeconds }) => roundToMilliseconds(timestampSeconds));
  return {
    ...{ kind, sha256, width, height },
    ...{ duration_seconds, frames, frames_requested, visual_tokens },
  };
}
