import { randomUUID } from 'node:crypto';

import { ApiProperty } from '@nestjs/swagger';

import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';
import type { Language } from '../../language/languages.js';
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

class AnswerDto extends TextReplyDto {
  @ApiProperty({ description: 'The id of the question.' }) id!: string;
  @ApiProperty() language!: string;
}

export class AnswersReplyDto {
  @ApiProperty() id!: string;
  @ApiProperty() model!: string;
  @ApiProperty({ type: MediaReportDto }) media!: MediaReportDto;
  @ApiProperty({ type: [AnswerDto] }) answers!: AnswerDto[];
  @ApiProperty({ type: TimingsDto }) timings!: TimingsDto;
}

export interface Question {
  readonly id: string;
  readonly text: string;
}

/** @param questions in the order of the outcome's answers. */
export function presentAnswers(
  questions: readonly Question[],
  language: Language,
  detail: Detail,
  model: ModelDescription,
  outcome: RequestOutcome,
): Plain<AnswersReplyDto> {
  return {
    id: `ans_${randomUUID()}`,
    model: model.id,
    media: presentMedia(outcome, detail),
    answers: outcome.answers.flatMap((answer) => {
      const question = questions[answer.conversation];
      return question ? [{ id: question.id, language: language.code, ...presentText(answer) }] : [];
    }),
    timings: presentTimings(outcome.timings),
  };
}
