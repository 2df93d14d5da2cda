import { ApiProperty, getSchemaPath } from '@nestjs/swagger';

import type { MediaReport } from '../../media/media-report.js';
import type { Detail } from '../../vision/plan-tiles.js';

/** A documented class as the plain object that is sent. */
export type Plain<T> = { [K in keyof T]: T[K] extends object | null ? Plain<T[K]> : T[K] };

class GridDto {
  @ApiProperty() rows!: number;
  @ApiProperty() columns!: number;
}

export class ImageReportDto {
  @ApiProperty({ enum: ['image'] }) kind!: 'image';
  @ApiProperty({ description: 'SHA-256 of the file, in hex.' }) sha256!: string;
  @ApiProperty({ description: 'Pixels of the upright picture.' }) width!: number;
  @ApiProperty() height!: number;
  @ApiProperty({ description: 'Tiles that were encoded, the whole picture as one of them.' })
  tiles!: number;
  @ApiProperty({ type: GridDto, nullable: true, description: 'null: the whole picture alone.' })
  grid!: GridDto | null;
  @ApiProperty({ enum: ['low', 'auto', 'high'] }) detail!: Detail;
  @ApiProperty() visual_tokens!: number;
}

export class VideoReportDto {
  @ApiProperty({ enum: ['video'] }) kind!: 'video';
  @ApiProperty({ description: 'SHA-256 of the file, in hex.' }) sha256!: string;
  @ApiProperty({ description: 'Pixels of the upright frames.' }) width!: number;
  @ApiProperty() height!: number;
  @ApiProperty({ type: Number, nullable: true, description: 'null where the file does not say.' })
  duration_seconds!: number | null;
  @ApiProperty({
    type: [Number],
    description: 'When the frames are that were looked at, in seconds.',
  })
  frames!: number[];
  @ApiProperty({
    description: 'More than there are frames where the clip or the context has fewer.',
  })
  frames_requested!: number;
  @ApiProperty() visual_tokens!: number;
}

export type MediaReportDto = ImageReportDto | VideoReportDto;

/** Documents a MediaReportDto: `kind` tells which. */
export const MEDIA_REPORT_SCHEMA = {
  oneOf: [{ $ref: getSchemaPath(ImageReportDto) }, { $ref: getSchemaPath(VideoReportDto) }],
  discriminator: {
    propertyName: 'kind',
    mapping: { image: getSchemaPath(ImageReportDto), video: getSchemaPath(VideoReportDto) },
  },
};

/** What was made of pictures and clips. */
export function presentMedia(
  media: readonly MediaReport[],
  detail: Detail,
): Plain<MediaReportDto>[] {
  return media.map((report) => presentReport(report, detail));
}

function presentReport(report: MediaReport, detail: Detail): Plain<MediaReportDto> {
  const { sha256, width, height, visualTokens: visual_tokens } = report;
  if (report.kind === 'image') {
    const { kind, tiles, grid } = report;
    return { kind, sha256, width, height, tiles, grid, detail, visual_tokens };
  }
  const { kind, durationSeconds: duration_seconds, framesRequested: frames_requested } = report;
  const frames = report.frames.map(({ timestampSeconds }) => timestampSeconds);
  return {
    ...{ kind, sha256, width, height },
    ...{ duration_seconds, frames, frames_requested, visual_tokens },
  };
}
