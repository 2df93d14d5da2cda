import type { NextFunction, Request, Response } from 'express';

import { SalamandraError } from '../../errors/salamandra-error.js';

const TOKEN = "[!#$%&'*+.^_`|~\\dA-Za-z-]+";
const MEDIA_TYPE = new RegExp(`[ \\t]*(${TOKEN}/${TOKEN})`, 'y');
/** A parameter after its semicolon; both may be empty (RFC 9110, 5.6.6). Matched one at a time, in linear time. */
const PARAMETER = new RegExp(
  `[ \\t]*;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\\\x00-\\x08\\x0a-\\x1f\\x7f]|\\\\[^\\x00-\\x08\\x0a-\\x1f\\x7f])*)"))?`,
  'y',
);

interface ContentType {
  /** In lower case. */
  readonly mediaType: string;
  /** By lower-case names. Of a repeated parameter the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Parses a `Content-Type` as RFC 9110 (8.3) defines it. @returns `null` for a malformed one. */
export function parseContentType(text: string): ContentType | null {
  MEDIA_TYPE.lastIndex = 0;
  const mediaType = MEDIA_TYPE.exec(text)?.[1]?.toLowerCase();
  if (mediaType === undefined) return null;
  const parameters = new Map<string, string>();
  let end = MEDIA_TYPE.lastIndex;
  for (;;) {
    PARAMETER.lastIndex = end;
    const match = PARAMETER.exec(text);
    if (!match) break;
    end = PARAMETER.lastIndex;
    const [, name, token, quoted] = match;
    if (name === undefined || parameters.has(name.toLowerCase())) continue;
    parameters.set(name.toLowerCase(), token ?? quoted?.replace(/\\(.)/g, '$1') ?? '');
  }
  return text.slice(end).trim() === '' ? { mediaType, parameters } : null;
}

function formatContentType({ mediaType, parameters }: ContentType): string {
  const quoted = [...parameters].map(
    ([name, value]) => `; ${name}="${value.replace(/["\\]/g, '\\$&')}"`,
  );
  return mediaType + quoted.join('');
}

/**
 * Express middleware. Rewrites the `Content-Type` in one form, because the parsers of Express, of JSON bodies and of
 * forms each read a malformed or unusual one differently.
 *
 * @throws UNSUPPORTED_MEDIA_TYPE for a malformed one, MULTIPART_MALFORMED for a form without a boundary.
 */
export function normalizeContentType(request: Request, _response: Response, next: NextFunction) {
  const text = request.headers['content-type'];
  if (text === undefined) {
    next();
    return;
  }
  const parsed = parseContentType(text);
  if (!parsed) {
    throw new SalamandraError(
      'UNSUPPORTED_MEDIA_TYPE',
      'The Content-Type is malformed. Send multipart/form-data or application/json.',
    );
  }
  if (parsed.mediaType.startsWith('multipart/') && !parsed.parameters.get('boundary')) {
    throw new SalamandraError(
      'MULTIPART_MALFORMED',
      'The Content-Type has no boundary. Leave the header to your HTTP client, which adds it to forms.',
    );
  }
  request.headers['content-type'] = formatContentType(parsed);
  next();
}
