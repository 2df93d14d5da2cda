import type { Request, Response } from 'express';

import { toOpenAiError } from './errors.js';
import { toPublicError } from '../response/public-error.js';
import { type SseMessage, streamMessages } from '../response/event-stream.js';

/** Sends the chunks of a completion; what fails after the first of them ends the stream in OpenAI's form of an error. */
export async function streamChunks(
  { request, response }: { readonly request: Request; readonly response: Response },
  chunks: AsyncIterable<SseMessage>,
): Promise<void> {
  await streamMessages(response, chunks, (error) => ({
    data: JSON.stringify(toOpenAiError(toPublicError(error, request))),
  }));
}
