import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { RequestGate } from '../request/request-gate.js';
import { ApiProblems } from '../response/api-documentation.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly admission: RequestGate) {}

  /** The process answers. */
  @Get('live')
  live() {
    return { status: 'ok' };
  }

  /** The model is loaded and new work is welcome; 503 otherwise. */
  @Get('ready')
  @ApiProblems()
  ready() {
    this.admission.checkReady();
    return { status: 'ok' };
  }
}
