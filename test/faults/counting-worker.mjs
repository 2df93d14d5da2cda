/**
 * The real inference worker, with a count on standard error: for each request, when each of its tokens was sampled. It
 * listens to the messages between worker and server, so that what is measured is the worker as it is.
 */
import '../../dist/workers/inference.worker.js';

const requests = new Map();

const send = process.send.bind(process);
process.send = (message, ...rest) => {
  count(message);
  return send(message, ...rest);
};

process.on('message', ({ type, id }) => {
  if (type === 'generate') requests.set(id, { times: [], cancelledMs: null });
  if (type === 'cancel' && requests.has(id)) requests.get(id).cancelledMs = Date.now();
});

function count({ type, id, event }) {
  const request = requests.get(id);
  if (!request) return;
  if (event?.type === 'text-delta') addTokens(request, event.tokens?.length ?? 0);
  // Tokens whose text was held back show at the end only, and count as sampled then.
  else if (event?.type === 'answer') {
    addTokens(request, event.usage.completionTokens - request.times.length);
  } else if (type === 'end' || type === 'error') {
    requests.delete(id);
    process.stderr.write(`counted ${JSON.stringify({ id, ...request, endMs: Date.now() })}\n`);
  }
}

function addTokens({ times }, tokens) {
  for (let index = 0; index < tokens; index += 1) times.push(Date.now());
}
