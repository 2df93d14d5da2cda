import { randomUUID } from 'node:crypto';

import { ApiExtraModels, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';
import type { Language } from '../../language/languages.js';
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
import { TokenLogprobDto } from '../response/token-logprobs-response.js';

interface AnswerLabel {
  readonly id: string;
  readonly language: string;
}

class AnswerDto extends TextReplyDto {
  @ApiProperty({ description: 'The id of the question.' }) id!: string;
  @ApiProperty() language!: string;
  @ApiPropertyOptional({
    type: [TokenLogprobDto],
    description:
      'With top_logprobs. The deltas of a stream have theirs; some text may follow later.',
  })
  tokens?: TokenLogprobDto[];
}

@ApiExtraModels(ImageReportDto, VideoReportDto)
export class AnswersReplyDto {
  @ApiProperty() id!: string;
  @ApiProperty() model!: string;
  @ApiProperty({
    type: 'array',
    items: MEDIA_REPORT_SCHEMA,
    description: 'In the order of the request; empty for text alone.',
  })
  media!: MediaReportDto[];
  @ApiProperty({ type: [AnswerDto] }) answers!: AnswerDto[];
  @ApiProperty({ type: TimingsDto }) timings!: TimingsDto;
}

export interface Question {
  readonly id: string;
  readonly text: string;
}

type AnswersForm = OutcomeForm<AnswerLabel, Plain<MediaReportDto>[]>;

/** @param questions in the order of the request's conversations. */
export function createAnswersForm(
  questions: readonly Question[],
  language: Language,
  detail: Detail,
  model: ModelDescription,
): AnswersForm {
  return {
    id: `ans_${randomUUID()}`,
    model: model.id,
    resultEvent: 'answer',
    label(conversation) {
      const question = questions[conversation];
      if (!question) throw new Error('The engine answered a question that nobody asked.');
      return { id: question.id, language: language.code };
    },
    presentMedia: (media) => presentMedia(media, detail),
  };
}

export function presentAnswers(form: AnswersForm, outcome: RequestOutcome): Plain<AnswersReplyDto> {
  const { id, model, media, texts: answers, timings } = presentOutcome(form, outcome);
  return { id, model, media, answers, timings };
}
