/** A server-sent event. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/**
 * Creates a parser of an event stream (https://html.spec.whatwg.org/#parsing-an-event-stream) that takes it in pieces, cut
 * anywhere. Each call returns the events that its piece completes; ids and retry times are passed over.
 */
export function createEventParser(): (piece: string) => ServerEvent[] {
  let unfinished = '';
  let isAfterReturn = false;
  let name = '';
  let data: string[] = [];

  /** Reads one line; a blank one ends the event. */
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
    // A comment has no name, and other fields mean nothing here.
    if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
    return undefined;
  }

  return (piece) => {
    if (piece === '') return [];
    // The second half of a line break whose first half ended the piece before.
    const text = isAfterReturn && piece.startsWith('\n') ? piece.slice(1) : piece;
    isAfterReturn = piece.endsWith('\r');
    const lines = (unfinished + text).split(/\r\n|\r|\n/);
    unfinished = lines.pop() ?? '';
    return lines.map(readLine).filter((event) => event !== undefined);
  };
}
