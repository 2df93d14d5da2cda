/** A server-sent event. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/**
 * Creates an incremental parser of event streams (https://html.spec.whatwg.org/#parsing-an-event-stream). Chunks may
 * end anywhere. Each call returns the events that its chunk completes. The fields `id` and `retry` are ignored.
 */
export function createEventParser(): (chunk: string) => ServerEvent[] {
  let unfinished = '';
  let isAfterReturn = false;
  let name = '';
  let data: string[] = [];

  /** Parses one line. A blank line completes the event. */
  function readLine(line: string): ServerEvent | undefined {
    if (line === '') {
      const event =
        data.length > 0 ? { name: name || 'message', data: data.join('\n') } : undefined;
      name = '';
      data = [];
      return event;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    // Comments have an empty field name.
    if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
    return undefined;
  }

  return (chunk) => {
    if (chunk === '') return [];
    // Skip the \n of a \r\n that was split between two chunks.
    const text = isAfterReturn && chunk.startsWith('\n') ? chunk.slice(1) : chunk;
    isAfterReturn = chunk.endsWith('\r');
    const lines = (unfinished + text).split(/\r\n|\r|\n/);
    unfinished = lines.pop() ?? '';
    return lines.map(readLine).filter((event) => event !== undefined);
  };
}
