import type { Reply } from './service.js';

/** Expects an error response with this status and code that does not mention file paths or libraries. */
export function expectProblem(reply: Reply, status: number, code: string): void {
  expect(reply.body).toMatchObject({ status, code });
  expect(reply.status).toBe(status);
  expect(reply.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
  expect(reply.body.requestId).toBe(reply.headers.get('X-Request-Id'));
  expect(JSON.stringify(reply.body)).not.toMatch(
    /\/(work|home|root|tmp|usr|src|dist)\/|vips|sharp|onnx/i,
  );
}
