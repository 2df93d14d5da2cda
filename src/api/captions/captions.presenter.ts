import { randomUUID } from 'node:crypto';

import { ApiProperty } from '@nestjs/swagger';

import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';
import { CAPTION_KINDS, type CaptionKind, type Language } from '../../language/languages.js';
import type { Detail } from '../../vision/plan-tiles.js';
import {
  MediaReportDto,
  type Plain,
  presentMedia,
  presentText,
  presentTimings,
  TextReplyDto,
  TimingsDto,
} from '../http/outcome.presenter.js';

class CaptionDto extends TextReplyDto {
  @ApiProperty() language!: string;
  @ApiProperty({ enum: CAPTION_KINDS }) kind!: CaptionKind;
}

export class CaptionsReplyDto {
  @ApiProperty() id!: string;
  @ApiProperty() model!: string;
  @ApiProperty({ type: MediaReportDto }) media!: MediaReportDto;
  @ApiProperty({ type: [CaptionDto] }) results!: CaptionDto[];
  @ApiProperty({ type: TimingsDto }) timings!: TimingsDto;
}

export interface CaptionTask {
  readonly language: Language;
  readonly kind: CaptionKind;
}

/** @param tasks in the order of the outcome's answers. */
export function presentCaptions(
  tasks: readonly CaptionTask[],
  detail: Detail,
  model: ModelDescription,
  outcome: RequestOutcome,
): Plain<CaptionsReplyDto> {
  return {
    id: `cap_${randomUUID()}`,
    model: model.id,
    media: presentMedia(outcome, detail),
    results: outcome.answers.flatMap((answer) => {
      const task = tasks[answer.conversation];
      return task
        ? [{ language: task.language.code, kind: task.kind, ...presentText(answer) }]
        : [];
    }),
    timings: presentTimings(outcome.timings),
  };
}
