import { createHmac } from 'node:crypto';

import { checkSecret, createSecret, signatureHeaders } from './signature.js';

it('signs like the example of the libraries of Standard Webhooks', () => {
  const headers = signatureHeaders(
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    1614265330,
    '{"test": 2432232314}',
  );

  expect(headers).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

it('makes secrets that it accepts', () => {
  const secret = createSecret();

  expect(checkSecret(secret)).toBe(secret);
  expect(createSecret()).not.toBe(secret);
  const key = Buffer.from(secret.slice(6), 'base64');
  const signature = createHmac('sha256', key).update('m.5.{}').digest('base64');
  expect(signatureHeaders(secret, 'm', 5, '{}')['webhook-signature']).toBe(`v1,${signature}`);
});

it.each(['', 'secret', 'whsec_', 'whsec_AAAA', `whsec_${'!'.repeat(40)}`])(
  'refuses %j as a secret',
  (text) => {
    expect(() => checkSecret(text)).toThrow('24 to 64 random bytes');
  },
);
