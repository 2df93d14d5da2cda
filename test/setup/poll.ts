import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until there is an answer. The first conversion of a model takes a while. */
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
  throw new Error('Waited in vain.');
}
