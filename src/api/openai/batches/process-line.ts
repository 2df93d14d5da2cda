import { withOutcome } from '../../../engine/collect-outcome.js';
import type { VisionLanguageEngine } from '../../../engine/vision-language-engine.js';
import type { ItemOutcome } from '../../../jobs/claims.js';
import type { BatchWork } from '../../../jobs/job-kinds.js';
import type { MediaResolver } from '../../media/media-resolver.js';
import type { FileStore } from '../files/file-store.js';
import { invalidParameter } from '../request-body.js';
import { type CompletionContext, startChat, startCompletion } from '../start-completion.js';
import { parseLine } from './list-lines.js';

/** The routes whose requests a batch may have. */
export const ENDPOINTS = ['/v1/chat/completions', '/v1/completions'] as const;

interface LineContext {
  readonly engine: VisionLanguageEngine;
  readonly resolver: MediaResolver;
  readonly files: FileStore;
}

/**
 * Creates the function that does the request in a line of a batch as the route does it. Its response is the only text
 * of the item.
 */
export function createLineProcess({ engine, resolver, files }: LineContext): BatchWork['process'] {
  return async ({ location, jobId }, signal) => {
    const start = performance.now();
    const { file, offset, bytes } = location;
    const { url, body } = parseLine(await files.readPart(file, offset, bytes));
    const context = { engine, resolver, client: jobId, priority: 'batch', signal } as const;
    const response = await complete(url, body, context);
    return toOutcome(JSON.stringify(response), performance.now() - start);
  };
}

async function complete(url: unknown, body: unknown, context: CompletionContext): Promise<object> {
  const { events, format, isStream, release } =
    url === '/v1/completions'
      ? { ...startCompletion(body, context), release: () => Promise.resolve() }
      : await startChat(body, context);
  try {
    if (isStream) throw invalidParameter('stream', 'must be false in a batch.');
    for await (const event of withOutcome(events)) {
      if (event.type === 'done') return format.toResponse(event.outcome);
    }
    throw new Error('The engine ended without an outcome.');
  } finally {
    await release();
  }
}

function toOutcome(text: string, busyMs: number): ItemOutcome {
  return {
    // The same request may have another answer: nothing is reused.
    ...{ fingerprint: '', sha256: '', size: 0, modifiedAt: 0, isReused: false },
    report: {},
    texts: [{ language: '', kind: 'response', text, finishReason: '' }],
    busyMs,
  };
}
