import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';

import { LANGUAGES } from '../../language/languages.js';
import type { Plain } from '../response/media-response.js';

class LanguageDto {
  @ApiProperty({ example: 'ca', description: 'Code for "language" and "languages".' })
  code!: string;
  @ApiProperty({ example: 'català', description: 'Name in the language itself.' }) name!: string;
  @ApiProperty({ example: 'Catalan' }) english_name!: string;
}

class LanguageListDto {
  @ApiProperty({ enum: ['list'] }) object!: 'list';
  @ApiProperty({ type: [LanguageDto] }) data!: LanguageDto[];
}

@ApiTags('languages')
@Controller('v1/languages')
export class LanguagesController {
  @Get()
  @ApiOperation({
    summary: 'List the supported languages',
    description:
      'The languages of captions and answers, in the order of their codes. A model may have fewer: see "languages" in GET /v1/models.',
  })
  @ApiOkResponse({ type: LanguageListDto })
  list(): Plain<LanguageListDto> {
    const data = LANGUAGES.map(({ code, name, englishName }) => ({
      code,
      name,
      english_name: englishName,
    }));
    return { object: 'list', data };
  }
}
