import { MAX_BASE64_IMAGE_BYTES } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';

/** Characters of a `data:` URL before its comma: a MIME type and a few parameters. */
const MAX_HEADER_LENGTH = 256;

/**
 * Decodes a file that is given as base64 or as a `data:` URL.
 *
 * @throws the codes of `decodeBase64` and `decodeDataUrl`.
 */
export function decodeEither(text: string, parameter: string): Uint8Array {
  return /^data:/i.test(text) ? decodeDataUrl(text, parameter) : decodeBase64(text, parameter);
}

/**
 * Decodes a `data:` URL (RFC 2397). `base64` may be any of its parameters; without it the data is percent-encoded. The
 * MIME type is ignored, since the first bytes of the file tell its format.
 *
 * @param parameter name of the URL in errors.
 * @throws INVALID_PARAMETER without a comma, INVALID_BASE64, PAYLOAD_TOO_LARGE above MAX_BASE64_IMAGE_BYTES.
 */
export function decodeDataUrl(url: string, parameter: string): Uint8Array {
  const { isBase64, data } = splitDataUrl(url, parameter);
  return isBase64 ? decodeBase64(data, parameter) : decodeCheckedPercent(data, parameter);
}

/** @throws INVALID_PARAMETER without a comma. */
export function splitDataUrl(
  url: string,
  parameter: string,
): { readonly isBase64: boolean; readonly data: string } {
  const comma = url.slice(0, MAX_HEADER_LENGTH).indexOf(',');
  if (comma === -1) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `${parameter} is not a valid data: URL: the comma before the data is missing.`,
      {
        details: { parameter },
      },
    );
  }
  const [, ...parameters] = url.slice('data:'.length, comma).split(';');
  const isBase64 = parameters.some((name) => name.trim().toLowerCase() === 'base64');
  return { isBase64, data: url.slice(comma + 1) };
}

/**
 * Decodes base64 with the deviations of common `data:` URLs: white space, missing padding, percent-encoded characters.
 *
 * @throws INVALID_BASE64, PAYLOAD_TOO_LARGE
 */
export function decodeBase64(text: string, parameter: string): Uint8Array {
  // 4/3 characters per byte, three times that if all of them are percent-encoded.
  checkLength(text.length, MAX_BASE64_IMAGE_BYTES * 4, parameter);
  const unescaped = text.includes('%') ? decodePercent(text).toString('latin1') : text;
  const symbols = /\s/.test(unescaped) ? unescaped.replace(/\s+/g, '') : unescaped;
  const bare = symbols.replace(/={1,2}$/, '');
  checkLength(bare.length, Math.ceil((MAX_BASE64_IMAGE_BYTES * 4) / 3), parameter);
  const isPaddedCorrectly = bare === symbols || symbols.length % 4 === 0;
  // Buffer.from ignores invalid characters, so a damaged text would decode to other bytes.
  if (!isPaddedCorrectly || bare.length % 4 === 1 || !/^[A-Za-z0-9+/]*$/.test(bare)) {
    throw invalidBase64(parameter);
  }
  return Buffer.from(bare, 'base64');
}

export function invalidBase64(parameter: string): SalamandraError {
  return new SalamandraError('INVALID_BASE64', `${parameter} is not valid base64.`, {
    details: { parameter },
  });
}

function decodeCheckedPercent(text: string, parameter: string): Uint8Array {
  checkLength(text.length, MAX_BASE64_IMAGE_BYTES * 3, parameter);
  const bytes = decodePercent(text);
  checkLength(bytes.length, MAX_BASE64_IMAGE_BYTES, parameter);
  return bytes;
}

function checkLength(length: number, max: number, parameter: string): void {
  if (length <= max) return;
  throw new SalamandraError(
    'PAYLOAD_TOO_LARGE',
    `${parameter} holds more than ${MAX_BASE64_IMAGE_BYTES} bytes. Send a smaller file, its URL, or a form to /v1/captions or /v1/answers.`,
    {
      details: { parameter, max_bytes: MAX_BASE64_IMAGE_BYTES },
    },
  );
}

/** Like browsers, keeps a percent sign that starts no escape sequence. */
function decodePercent(text: string): Buffer {
  const source = Buffer.from(text);
  const target = Buffer.alloc(source.length);
  let length = 0;
  for (let index = 0; index < source.length; index += 1) {
    const byte = source[index] ?? 0;
    const escaped = byte === PERCENT ? hexPair(source, index + 1) : undefined;
    target[length++] = escaped ?? byte;
    if (escaped !== undefined) index += 2;
  }
  return target.subarray(0, length);
}

const PERCENT = 0x25;

function hexPair(bytes: Buffer, start: number): number | undefined {
  const text = bytes.toString('latin1', start, start + 2);
  return /^[0-9a-f]{2}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
}
