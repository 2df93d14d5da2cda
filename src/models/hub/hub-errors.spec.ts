import { SalamandraError } from '../../errors/salamandra-error.js';
import {
  brokenConnection,
  failedStatus,
  parseRateLimit,
  type Refusal,
  TransientFailure,
} from './hub-errors.js';

const PAGE = 'https://hub.example/BSC-LT/salamandra-7b-vision';

const failed = (status: number, errorCode = '', changes: Partial<Refusal> = {}) =>
  failedStatus({
    ...{ status, errorCode, errorMessage: '', retryAfter: '', rateLimit: '' },
    ...{ origin: 'hub', token: 'without-token', page: PAGE },
    ...changes,
  });

describe('failedStatus', () => {
  it.each([
    [401, '', 'UNAUTHENTICATED'],
    [401, 'GatedRepo', 'UNAUTHENTICATED'],
    [401, 'RepoNotFound', 'MODEL_NOT_FOUND'],
    [403, '', 'FORBIDDEN'],
    [403, 'DisabledRepo', 'MODEL_NOT_FOUND'],
    [404, '', 'MODEL_NOT_FOUND'],
    [404, 'RevisionNotFound', 'MODEL_NOT_FOUND'],
    [404, 'EntryNotFound', 'MODEL_NOT_FOUND'],
    [407, '', 'HUB_UNAVAILABLE'],
    [418, '', 'HUB_UNAVAILABLE'],
    [451, '', 'MODEL_NOT_FOUND'],
  ])('takes %i %s of the hub for final: %s', (status, errorCode, code) => {
    expect(failed(status, errorCode)).toMatchObject({ name: 'SalamandraError', code });
  });

  it.each([
    ['GatedRepo', 401, 'The model is gated', 'set HF_TOKEN'],
    ['DisabledRepo', 403, 'has disabled this repository', 'choose another model'],
    ['RepoNotFound', 401, 'no such public model', 'Check the name'],
    ['RevisionNotFound', 404, 'no such branch, tag or commit', 'Check --revision'],
    ['EntryNotFound', 404, 'lists a file of the model but does not have it', 'mirror'],
  ])('explains %s by its own rule and remedy', (errorCode, status, rule, remedy) => {
    const { message } = failed(status, errorCode);
    expect(message).toContain(rule);
    expect(message).toContain(remedy);
  });

  it('names the page where access to a gated model is asked for', () => {
    const withToken = { token: 'with-token' } as const;
    expect(failed(401, 'GatedRepo').message).toContain(PAGE);
    expect(failed(403, 'GatedRepo', withToken)).toMatchObject({ code: 'FORBIDDEN' });
    expect(failed(403, 'GatedRepo', withToken).message).toContain(PAGE);
  });

  it('does not take a disabled repository for a lack of rights, with or without its code', () => {
    const byMessage = failed(403, '', { errorMessage: 'Access to this resource is disabled.' });
    expect(byMessage).toMatchObject({ code: 'MODEL_NOT_FOUND', retryable: false });
    expect(byMessage.message).toBe(failed(403, 'DisabledRepo').message);
    expect(byMessage.message).toContain('no token gives access');
  });

  it('explains what is wrong with a token', () => {
    expect(failed(401, '', { token: 'with-token' }).message).toContain('does not accept the token');
    expect(failed(401).message).toContain('requires a token');
    expect(failed(403).message).toContain('Set HF_TOKEN');
  });

  it.each([
    [408, 'hub'],
    [500, 'hub'],
    [503, 'hub'],
    [403, 'storage'],
    [404, 'storage'],
  ] as const)('takes %i of the %s for something that passes', (status, origin) => {
    expect(failed(status, '', { origin })).toMatchObject({
      name: 'TransientFailure',
      reason: 'hub-broken',
      outcome: { code: 'HUB_UNAVAILABLE', retryable: true },
    });
  });

  it.each([
    ['Retry-After', { retryAfter: '12' }, 12_000],
    ['RateLimit', { rateLimit: '"api";r=0;t=142' }, 143_000],
    ['Retry-After before RateLimit', { retryAfter: '5', rateLimit: '"api";r=0;t=142' }, 5_000],
  ])('waits as long as a busy hub asks: %s', (_, headers, retryAfterMs) => {
    expect(failed(429, '', headers)).toMatchObject({
      reason: 'hub-busy',
      retryAfterMs,
      outcome: { code: 'RATE_LIMITED', details: { seconds: retryAfterMs / 1000 } },
    });
  });

  it('advises a token against rate limits, unless there is one', () => {
    expect(failed(429).message).toContain('HF_TOKEN');
    expect(failed(429, '', { token: 'with-token' }).message).not.toContain('HF_TOKEN');
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

describe('parseRateLimit', () => {
  it.each([
    ['"api";r=0;t=123', 124_000],
    ['"resolvers"; r=0; t=7', 8_000],
    ['"api";t=9;r=0', 10_000],
    ['"api";r=12;t=99, "resolvers";r=0;t=4', 5_000],
    ['"api";r=0;t=30, "pages";r=0;t=60', 61_000],
    ['"api";r=3;t=30', null],
    ['"api";r=0', null],
    ['', null],
    ['limit=100, remaining=0, reset=50', null],
    ['"api";r=0;t=soon', null],
  ])('reads %j as %p ms', (text, expected) => {
    expect(parseRateLimit(text)).toBe(expected);
  });
});
