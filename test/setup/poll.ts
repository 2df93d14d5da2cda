import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `ask` every 20 ms until it returns a value. The default allows for the first conversion of a model.
 *
 * @throws Error after `timeoutMs`
 */
export async function poll<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 120_000,
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  while (Date.now() < endMs) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(20);
  }
  throw new Error(`poll: no value within ${timeoutMs} ms.`);
}
