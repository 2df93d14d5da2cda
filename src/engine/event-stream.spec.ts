import { createEventStream } from './event-stream.js';

async function readAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const events: T[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

describe('createEventStream', () => {
  it('yields events pushed before and after iteration started', async () => {
    const stream = createEventStream<number>();
    stream.push(1);
    const events = readAll(stream);
    await Promise.resolve();
    stream.push(2);
    stream.end();

    expect(await events).toEqual([1, 2]);
  });

  it('yields the events before an error, then throws the error', async () => {
    const stream = createEventStream<number>();
    stream.push(1);
    stream.fail(new Error('broken'));
    const iterator = stream[Symbol.asyncIterator]();

    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    await expect(iterator.next()).rejects.toThrow('broken');
  });

  it('ignores events and errors after the end', async () => {
    const stream = createEventStream<number>();
    stream.end();
    stream.push(1);
    stream.fail(new Error('late'));

    expect(await readAll(stream)).toEqual([]);
  });
});
