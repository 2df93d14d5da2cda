import { SalamandraError } from '../../errors/salamandra-error.js';
import { brokenConnection, failedStatus, parseRetryAfter, TransientFailure } from './hub-errors.js';

describe('failedStatus', () => {
  const failed = (
    status: number,
    errorCode = '',
    origin: 'hub' | 'storage' = 'hub',
    token: 'with-token' | 'without-token' = 'without-token',
  ) => failedStatus(status, { errorCode, retryAfter: '' }, origin, token);

  it.each([
    [401, '', 'UNAUTHENTICATED'],
    [401, 'GatedRepo', 'UNAUTHENTICATED'],
    [401, 'RepoNotFound', 'MODEL_NOT_FOUND'],
    [403, '', 'FORBIDDEN'],
    [404, '', 'MODEL_NOT_FOUND'],
    [404, 'RevisionNotFound', 'MODEL_NOT_FOUND'],
    [407, '', 'HUB_UNAVAILABLE'],
    [418, '', 'HUB_UNAVAILABLE'],
  ])('takes %i %s of the hub for final: %s', (status, errorCode, code) => {
    expect(failed(status, errorCode)).toMatchObject({ name: 'SalamandraError', code });
  });

  it('explains what is wrong with a token', () => {
    expect(failed(403, 'GatedRepo', 'hub', 'with-token')).toMatchObject({ code: 'FORBIDDEN' });
    expect(failed(401, '', 'hub', 'with-token').message).toContain('does not accept the token');
    expect(failed(401).message).toContain('requires a token');
  });

  it.each([
    [408, 'hub'],
    [500, 'hub'],
    [503, 'hub'],
    [403, 'storage'],
    [404, 'storage'],
  ] as const)('takes %i of the %s for something that passes', (status, origin) => {
    expect(failed(status, '', origin)).toMatchObject({
      name: 'TransientFailure',
      reason: 'hub-broken',
      outcome: { code: 'HUB_UNAVAILABLE', retryable: true },
    });
  });

  it('waits for the Retry-After of a busy hub', () => {
    const failure = failedStatus(429, { errorCode: '', retryAfter: '12' }, 'hub', 'without-token');
    expect(failure).toMatchObject({
      reason: 'hub-busy',
      retryAfterMs: 12_000,
      outcome: { code: 'RATE_LIMITED', details: { seconds: 12 } },
    });
  });
});

describe('brokenConnection', () => {
  it.each([
    ['ENOTFOUND', 'hub-unreachable', 'cannot be resolved'],
    ['ECONNREFUSED', 'hub-unreachable', 'HF_ENDPOINT'],
    ['ECONNRESET', 'hub-broken', 'interrupted repeatedly'],
  ])('explains %s', (code, reason, words) => {
    const failure = brokenConnection({ code }) as TransientFailure;
    expect(failure).toBeInstanceOf(TransientFailure);
    expect(failure.reason).toBe(reason);
    expect(failure.outcome.publicMessage).toContain(words);
    expect(failure.outcome.publicMessage).toContain('resumes the download');
  });

  it('does not retry an untrusted certificate', () => {
    const error = brokenConnection({ code: 'SELF_SIGNED_CERT_IN_CHAIN' });
    expect(error).toBeInstanceOf(SalamandraError);
    expect(error.message).toContain('NODE_EXTRA_CA_CERTS');
  });
});

describe('parseRetryAfter', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');

  it.each([
    ['0', 0],
    ['120', 120_000],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['', null],
    ['soon', null],
    ['-5', null],
    ['1e9', null],
  ])('reads "%s" as %p', (text, expected) => {
    expect(parseRetryAfter(text, now)).toBe(expected);
  });
});
