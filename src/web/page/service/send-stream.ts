import type { Problem } from './api-types.js';
import { createEventParser } from './parse-events.js';
import { readProblem, ServiceError } from './service-error.js';
import { checkNow } from './service-status.js';

/** Callbacks of a running request. */
export interface StreamHandlers {
  /** Called with the uploaded fraction of the body, 0 to 1. */
  readonly onUpload: (fraction: number) => void;
  /** Called for each event except `error`. */
  readonly onEvent: (name: string, data: unknown) => void;
}

/** The service sends a heartbeat every 15 s, so a connection without traffic for 60 s is lost. */
const TIMEOUT_MS = 60_000;

/**
 * Posts a form and handles the reply as an event stream. Uses XMLHttpRequest because fetch does not report upload
 * progress.
 *
 * @returns after the event `done`.
 * @throws ServiceError; the reason of `signal` if it aborts; any error of a handler.
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
  let timeout: ReturnType<typeof setTimeout> | undefined;
  let abort = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      const fail: (reason: unknown) => void = reject;
      abort = () => fail(signal.reason);
      signal.addEventListener('abort', abort);

      /** Wraps a listener: an exception ends the request, and so does a timeout after its last event. */
      const listen = (listener: (event: ProgressEvent) => void) => (event: ProgressEvent) => {
        clearTimeout(timeout);
        timeout = setTimeout(() => fail(lossAfter(reply.state())), TIMEOUT_MS);
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
        else
          throw request.status === 200
            ? lossAfter('streaming')
            : toError(request.responseText, form);
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
    // Update the status of the whole page without waiting for the next poll.
    if (error instanceof ServiceError && error.kind !== 'problem') checkNow();
    throw error;
  } finally {
    clearTimeout(timeout);
    signal.removeEventListener('abort', abort);
    // No effect on a completed request. Otherwise the closed connection makes the service stop the run.
    request.abort();
  }
}

type ReplyState = 'pending' | 'streaming' | 'done';

/** Dispatches new events on each `read`. Keeps the reply's state, which XMLHttpRequest resets when a request fails. */
function createReplyReader(request: XMLHttpRequest, { onEvent }: StreamHandlers) {
  const parse = createEventParser();
  let length = 0;
  let state: ReplyState = 'pending';
  return {
    state: () => state,
    read() {
      if (request.status !== 200) return;
      if (state === 'pending') state = 'streaming';
      const chunk = request.responseText.slice(length);
      length += chunk.length;
      for (const { name, data } of parse(chunk)) {
        const value: unknown = JSON.parse(data);
        if (name === 'error') throw toError(value);
        onEvent(name, value);
        if (name === 'done') state = 'done';
      }
    },
  };
}

function lossAfter(state: ReplyState): ServiceError {
  return new ServiceError(state === 'pending' ? 'unreachable' : 'interrupted');
}

/** A body that is not a problem comes from an intermediary such as a proxy. */
function toError(body: unknown, form?: FormData): ServiceError {
  const problem = readProblem(body);
  if (!problem) return new ServiceError('unreachable');
  return new ServiceError('problem', form ? addFileSize(problem, form) : problem);
}

/** Adds `bytes`, the size of the largest file: the service stops at its limit and cannot know the size. */
function addFileSize(problem: Problem, form: FormData): Problem {
  if (problem.code !== 'PAYLOAD_TOO_LARGE') return problem;
  const sizes = [...form.values()].map((value) => (value instanceof File ? value.size : 0));
  return { ...problem, parameters: { bytes: Math.max(...sizes), ...problem.parameters } };
}
