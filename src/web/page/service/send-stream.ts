import { createEventParser } from './parse-events.js';
import { readProblem, ServiceError } from './service-error.js';
import { checkNow } from './service-status.js';

/** Who is told of a request while it runs. */
export interface StreamHandlers {
  /** How much of the body has been sent, 0 to 1. */
  readonly onUpload: (fraction: number) => void;
  /** Each event but `error`, with its data. */
  readonly onEvent: (name: string, data: unknown) => void;
}

/** A body moves on, and the service says something every 15 seconds; a connection silent for so long is lost. */
const SILENCE_MS = 60_000;

/**
 * Posts a form and reads the reply as a stream of events. With XMLHttpRequest, because fetch tells nothing of the
 * progress of an upload.
 *
 * @returns after the event `done`.
 * @throws ServiceError; the signal's reason when it aborts; what a handler throws.
 */
export async function sendStream(
  path: string,
  form: FormData,
  handlers: StreamHandlers,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const request = new XMLHttpRequest();
  const reply = createReplyReader(request, handlers);
  let silence: ReturnType<typeof setTimeout> | undefined;
  let abort = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      const fail: (reason: unknown) => void = reject;
      abort = () => fail(signal.reason);
      signal.addEventListener('abort', abort);

      /** Wraps a listener: what it throws ends the request, and so does silence after it. */
      const listen = (listener: (event: ProgressEvent) => void) => (event: ProgressEvent) => {
        clearTimeout(silence);
        silence = setTimeout(() => fail(lossAfter(reply.state())), SILENCE_MS);
        try {
          listener(event);
        } catch (error) {
          fail(error);
        }
      };
      request.onloadstart = listen(() => undefined);
      request.upload.onprogress = listen(({ loaded, total }) =>
        handlers.onUpload(total === 0 ? 1 : loaded / total),
      );
      request.upload.onload = listen(() => handlers.onUpload(1));
      request.onprogress = listen(() => reply.read());
      request.onload = listen(() => {
        reply.read();
        if (reply.state() === 'done') resolve();
        else throw request.status === 200 ? lossAfter('begun') : toError(request.responseText);
      });
      request.onerror = listen(() => {
        if (reply.state() === 'done') resolve();
        else throw lossAfter(reply.state());
      });
      request.open('POST', path);
      request.setRequestHeader('Accept', 'text/event-stream');
      request.send(form);
    });
  } catch (error) {
    // The whole page shall know what this request has noticed.
    if (error instanceof ServiceError && error.kind !== 'problem') checkNow();
    throw error;
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', abort);
    // Does nothing to a request that came to its end; else the closed connection is what stops the work.
    request.abort();
  }
}

type ReplyState = 'awaited' | 'begun' | 'done';

/** Hands on the events that came since the reading before. A broken request forgets its status; this does not. */
function createReplyReader(request: XMLHttpRequest, { onEvent }: StreamHandlers) {
  const parse = createEventParser();
  let length = 0;
  let state: ReplyState = 'awaited';
  return {
    state: () => state,
    read() {
      if (request.status !== 200) return;
      if (state === 'awaited') state = 'begun';
      const piece = request.responseText.slice(length);
      length += piece.length;
      for (const { name, data } of parse(piece)) {
        const value: unknown = JSON.parse(data);
        if (name === 'error') throw toError(value);
        onEvent(name, value);
        if (name === 'done') state = 'done';
      }
    },
  };
}

function lossAfter(state: ReplyState): ServiceError {
  return new ServiceError(state === 'awaited' ? 'unreachable' : 'interrupted');
}

/** What is no problem of the service's comes from something between, as a proxy. */
function toError(body: unknown): ServiceError {
  const problem = readProblem(body);
  return problem ? new ServiceError('problem', problem) : new ServiceError('unreachable');
}
