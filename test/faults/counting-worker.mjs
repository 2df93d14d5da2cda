/**
 * The inference worker, which also prints to standard error when it sampled each token of a request. It listens to the
 * messages between worker and server, so the measured code is the production code.
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
  // The text of some tokens is held back until the end. These count as sampled at the end.
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
