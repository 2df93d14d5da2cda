import { ApiProperty } from '@nestjs/swagger';

import type { LanguageCheckJson } from '../../language/check/language-check-json.js';

/** OpenAPI schema of `LanguageCheckJson`. */
export class LanguageCheckDto implements LanguageCheckJson {
  @ApiProperty({
    enum: ['ok', 'other', 'unknown'],
    description:
      'other: the text, or a part of it, is in a language of another family than the one asked for. unknown: too short to tell. Close relatives, such as Danish and Norwegian, are not told apart.',
  })
  result!: LanguageCheckJson['result'];
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'Code of the most likely language, or of that of the foreign part; null without letters and in other scripts.',
  })
  looks_like!: string | null;
  @ApiProperty({ description: 'Whether only a part of the text is in another language.' })
  mixed!: boolean;
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Probability of the language asked for among all languages, 0 to 1.',
  })
  score!: number | null;
}
