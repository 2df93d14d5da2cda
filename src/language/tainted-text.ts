/** A part of a text whose characters have one origin. */
export interface TextRun {
  readonly text: string;
  /** Whether the characters come from a message of the client. Otherwise they come from the chat template. */
  readonly isUser: boolean;
}

/**
 * A text that remembers which characters a client wrote (taint tracking). The chat template may read and change them,
 * and only the tokenizer treats them differently: they never match a control token.
 */
export class TaintedText {
  readonly text: string;

  private constructor(readonly runs: readonly TextRun[]) {
    this.text = runs.map(({ text }) => text).join('');
  }

  static fromTemplate(text: string): TaintedText {
    return new TaintedText(text === '' ? [] : [{ text, isUser: false }]);
  }

  static fromUser(text: string): TaintedText {
    return new TaintedText(text === '' ? [] : [{ text, isUser: true }]);
  }

  static concat(parts: readonly TaintedText[]): TaintedText {
    if (parts.length === 1 && parts[0]) return parts[0];
    const runs: TextRun[] = [];
    for (const run of parts.flatMap((part) => part.runs)) {
      const last = runs.at(-1);
      if (last?.isUser === run.isUser) {
        runs[runs.length - 1] = { text: last.text + run.text, isUser: run.isUser };
      } else {
        runs.push(run);
      }
    }
    return new TaintedText(runs);
  }

  /** @param start, end UTF-16 positions, as in `String.prototype.slice`; not negative. */
  slice(start: number, end = this.text.length): TaintedText {
    if (start <= 0 && end >= this.text.length) return this;
    const runs: TextRun[] = [];
    let position = 0;
    for (const { text, isUser } of this.runs) {
      const part = text.slice(Math.max(0, start - position), Math.max(0, end - position));
      if (part !== '') runs.push({ text: part, isUser });
      position += text.length;
    }
    return new TaintedText(runs);
  }

  /** Changes the text of each run. */
  map(change: (text: string) => string): TaintedText {
    return TaintedText.concat(
      this.runs.map(({ text, isUser }) =>
        isUser ? TaintedText.fromUser(change(text)) : TaintedText.fromTemplate(change(text)),
      ),
    );
  }

  /** Whether the template wrote all characters from `start` to `end` (UTF-16 positions). */
  isFromTemplate(start: number, end: number): boolean {
    let position = 0;
    for (const { text, isUser } of this.runs) {
      if (isUser && position < end && position + text.length > start) return false;
      position += text.length;
    }
    return true;
  }
}
