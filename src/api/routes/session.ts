import { Controller, Delete, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { CookieOptions, Request, Response } from 'express';

import { KEY_COOKIE, presentedKey } from '../admission/authentication.js';
import { ApiProblems } from '../response/problem.js';

/**
 * A cookie with the key, because pictures, event streams and downloads of the page cannot send headers. Without `path`
 * it applies to the folder of this route as the browser sees it, also behind a path prefix.
 */
function cookieOptions(request: Request): CookieOptions & { path: string } {
  return { httpOnly: true, sameSite: 'strict', secure: request.secure, path: '' };
}

@ApiTags('service')
@Controller('session')
export class SessionController {
  @Post()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Keep the API key for this browser session',
    description:
      'Stores the key of this request, sent as "Authorization: Bearer" or "x-api-key", in a cookie that ends with the browser session. Scripts cannot read it. The page uses it; programs send the key with each request.',
  })
  @ApiNoContentResponse()
  @ApiProblems()
  begin(@Req() request: Request, @Res({ passthrough: true }) response: Response): void {
    const key = presentedKey(request);
    if (key !== undefined) response.cookie(KEY_COOKIE, key, cookieOptions(request));
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Forget the API key of this browser session',
    description: 'Deletes the cookie of POST /session.',
  })
  @ApiNoContentResponse()
  @ApiProblems()
  end(@Req() request: Request, @Res({ passthrough: true }) response: Response): void {
    response.clearCookie(KEY_COOKIE, cookieOptions(request));
  }
}
