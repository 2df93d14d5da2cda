import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createReceiptEngine } from '../../../test/fakes/receipt-engine.js';
import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import type { Receipt } from '../../engine/receipts/receipt.js';
import { createApp } from '../server.js';

const folder = createTemporaryFolder();
let app: NestExpressApplication;

beforeAll(async () => {
  app = await createApp(createReceiptEngine(folder.path('home')));
  await app.init();
});

afterAll(async () => {
  await app.close();
  folder.remove();
});

const base64 = Buffer.from('one').toString('base64');
const post = (path: string) => request(app.getHttpServer()).post(path);

/** The body of a response with this status. */
async function bodyOf(sent: request.Test, status: number): Promise<unknown> {
  return ((await sent.expect(status)) as { body: unknown }).body;
}

async function receiptOf(): Promise<Receipt> {
  const body = await bodyOf(post('/v1/captions').send({ media: { base64 }, receipts: true }), 200);
  return (body as { results: { receipt: Receipt }[] }).results[0]?.receipt as Receipt;
}

describe('receipts', () => {
  it('are given on request only', async () => {
    const body = await bodyOf(post('/v1/captions').send({ media: { base64 } }), 200);

    expect((body as { results: object[] }).results[0]).not.toHaveProperty('receipt');
    expect(await receiptOf()).toMatchObject({ format: 1, signature: { algorithm: 'Ed25519' } });
  });

  it('are in x_salamandra of a chat completion', async () => {
    const url = `data:image/png;base64,${base64}`;
    const content = [{ type: 'image_url', image_url: { url } }];
    const messages = [{ role: 'user', content }];
    const body = await bodyOf(
      post('/v1/chat/completions').send({ model: 'fake', messages, receipts: true }),
      200,
    );

    expect(body).toMatchObject({ x_salamandra: { receipt: { prompt: { messages: [{}] } } } });
  });
});

describe('POST /v1/receipts/replay', () => {
  it('writes the text again', async () => {
    const receipt = await receiptOf();
    const body = await bodyOf(
      post('/v1/receipts/replay').send({ receipt, media: { base64 } }),
      200,
    );

    expect(body).toEqual({
      outcome: 'equal',
      signature: 'valid',
      differences: [],
      text: 'a text about one',
      receipt: expect.objectContaining({ text: receipt.text }) as object,
    });
  });

  it('takes a form', async () => {
    const body = await bodyOf(
      post('/v1/receipts/replay')
        .field('receipt', JSON.stringify(await receiptOf()))
        .attach('file', Buffer.from('one'), 'one.png'),
      200,
    );

    expect(body).toMatchObject({ outcome: 'equal', signature: 'valid' });
  });

  it('names another file', async () => {
    const media = { base64: Buffer.from('two').toString('base64') };
    const body = await bodyOf(
      post('/v1/receipts/replay').send({ receipt: await receiptOf(), media }),
      200,
    );

    expect(body).toMatchObject({
      ...{ outcome: 'not_run', text: null, receipt: null },
      differences: [{ field: 'media[0].sha256' }],
    });
  });

  it('tells a receipt that was changed', async () => {
    const receipt = { ...(await receiptOf()), created: 'today' };
    const body = await bodyOf(
      post('/v1/receipts/replay').send({ receipt, media: { base64 } }),
      200,
    );

    expect(body).toMatchObject({ outcome: 'equal', signature: 'invalid' });
  });

  it.each([
    [{ format: 1 }, 'receipt.created'],
    [{ format: 9 }, 'receipt.format'],
  ])('refuses %p', async (receipt, parameter) => {
    const body = await bodyOf(
      post('/v1/receipts/replay').send({ receipt, media: { base64 } }),
      400,
    );

    expect(body).toMatchObject({ code: 'INVALID_PARAMETER', parameters: { parameter } });
  });
});
