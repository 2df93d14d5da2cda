import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { LANGUAGES } from '../../language/languages.js';

@ApiTags('languages')
@Controller('v1/languages')
export class LanguagesController {
  /** The languages the model was taught. */
  @Get()
  list() {
    const data = LANGUAGES.map(({ code, name, englishName }) => ({
      code,
      name,
      english_name: englishName,
    }));
    return { object: 'list', data };
  }
}
