import type { AddressInfo } from 'node:net';

import type { NestExpressApplication } from '@nestjs/platform-express';
import OpenAI from 'openai';

/** The official client of a service, without its retries. @param url with the version, `http://host/v1`. */
export function createOpenAiClient(url: string): OpenAI {
  return new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 });
}

/** Starts listening, and gives the address with the version. */
export async function listenForOpenAi(app: NestExpressApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return `http://127.0.0.1:${port}/v1`;
}
