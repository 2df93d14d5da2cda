import type { Request } from 'express';

const TYPES = {
  json: 'application/json',
  'event-stream': 'text/event-stream',
  vtt: 'text/vtt',
} as const;

type ReplyFormat = keyof typeof TYPES;

/**
 * The form of reply that a client wants: by `stream` in its body, else by its `Accept` header. Whoever accepts none of
 * them gets JSON, as every error does.
 */
export function chooseFormat<F extends ReplyFormat>(
  request: Request,
  stream: boolean | undefined,
  formats: readonly ['json', 'event-stream', ...F[]],
): 'json' | 'event-stream' | F {
  if (stream) return 'event-stream';
  const offered = stream === false ? formats.filter((name) => name !== 'event-stream') : formats;
  const accepted = request.accepts(offered.map((name) => TYPES[name]));
  return offered.find((name) => TYPES[name] === accepted) ?? 'json';
}
