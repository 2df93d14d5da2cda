import { randomUUID } from 'node:crypto';

import { ApiExtraModels, ApiProperty } from '@nestjs/swagger';

import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';
import { CAPTION_KINDS, type CaptionKind, type Language } from '../../language/languages.js';
import type { Detail } from '../../vision/plan-tiles.js';
import {
  ImageReportDto,
  MEDIA_REPORT_SCHEMA,
  type MediaReportDto,
  type Plain,
  presentMedia,
  VideoReportDto,
} from '../response/media-response.js';
import {
  type OutcomeForm,
  presentOutcome,
  TextReplyDto,
  TimingsDto,
} from '../response/outcome-response.js';

interface CaptionLabel {
  readonly language: string;
  readonly kind: CaptionKind;
}

class CaptionDto extends TextReplyDto {
  @ApiProperty() language!: string;
  @ApiProperty({ enum: CAPTION_KINDS }) kind!: CaptionKind;
}

@ApiExtraModels(ImageReportDto, VideoReportDto)
export class CaptionsReplyDto {
  @ApiProperty() id!: string;
  @ApiProperty() model!: string;
  @ApiProperty(MEDIA_REPORT_SCHEMA) media!: MediaReportDto;
  @ApiProperty({ type: [CaptionDto] }) results!: CaptionDto[];
  @ApiProperty({ type: TimingsDto }) timings!: TimingsDto;
}

export interface CaptionTask {
  readonly language: Language;
  readonly kind: CaptionKind;
}

type CaptionsForm = OutcomeForm<CaptionLabel, Plain<MediaReportDto>>;

/** @param tasks in the order of the request's conversations. */
export function createCaptionsForm(
  tasks: readonly CaptionTask[],
  detail: Detail,
  model: ModelDescription,
): CaptionsForm {
  return {
    id: `cap_${randomUUID()}`,
    model: model.id,
    resultEvent: 'caption',
    label(conversation) {
      const task = tasks[conversation];
      if (!task) throw new Error('The engine answered a conversation that nobody began.');
      return { language: task.language.code, kind: task.kind };
    },
    presentMedia(media) {
      const [report] = presentMedia(media, detail);
      if (!report) throw new Error('The engine reported no media.');
      return report;
    },
  };
}

export function presentCaptions(
  form: CaptionsForm,
  outcome: RequestOutcome,
): Plain<CaptionsReplyDto> {
  const { id, model, media, texts: results, timings } = presentOutcome(form, outcome);
  return { id, model, media, results, timings };
}
