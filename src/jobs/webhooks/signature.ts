import { createHmac, randomBytes } from 'node:crypto';

import { SalamandraError } from '../../errors/salamandra-error.js';

const PREFIX = 'whsec_';
/** Bytes of a secret (Standard Webhooks, "Signature scheme"): 24 to 64. */
const [MIN_BYTES, MAX_BYTES, OWN_BYTES] = [24, 64, 32];

/** A new secret in the form of Standard Webhooks: `whsec_` and base64. */
export function createSecret(): string {
  return PREFIX + randomBytes(OWN_BYTES).toString('base64');
}

/** @throws INVALID_PARAMETER unless the text is `whsec_` and 24 to 64 bytes in base64. */
export function checkSecret(text: string): string {
  const base64 = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : '';
  const bytes = Buffer.from(base64, 'base64');
  const isBase64 = bytes.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '');
  if (isBase64 && bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES) return text;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `The secret of a webhook must be "${PREFIX}" and ${MIN_BYTES} to ${MAX_BYTES} random bytes in base64. Without one, the service makes it.`,
    { details: { parameter: 'webhook.secret' } },
  );
}

/**
 * The headers that authenticate a message: HMAC-SHA-256 of id, time and body
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 *
 * @param seconds since 1970, of this attempt.
 */
export function signatureHeaders(
  secret: string,
  id: string,
  seconds: number,
  body: string,
): Record<string, string> {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature}`,
  };
}
