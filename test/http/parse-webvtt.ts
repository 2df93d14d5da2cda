export interface ParsedCue {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** As displayed: without escapes. */
  readonly text: string;
}

export interface ParsedTrack {
  readonly header: Readonly<Record<string, string>>;
  readonly cues: readonly ParsedCue[];
}

const TIME = String.raw`(\d{2,}):([0-5]\d):([0-5]\d\.\d{3})`;
const TIMES = new RegExp(`^${TIME} --> ${TIME}$`);

const CHARACTERS: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

/**
 * Reads a WebVTT file and refuses whatever a writer must not write (https://www.w3.org/TR/webvtt1/, section 4): a wrong
 * signature, blocks that are neither notes nor cues, times out of order, markup and stray `&`, `<` or `-->` in texts.
 */
export function parseWebVtt(file: string): ParsedTrack {
  if (/[\0\r]/.test(file) || !file.endsWith('\n')) throw new Error('Odd characters.');
  const [head = '', ...blocks] = file.slice(0, -1).split('\n\n');
  const [signature, ...fields] = head.split('\n');
  if (signature !== 'WEBVTT') throw new Error('No signature.');
  const header = Object.fromEntries(
    fields.map((field) => {
      const [, name, value] = /^(\w+): (\S+)$/.exec(field) ?? [];
      if (name === undefined || value === undefined) throw new Error(`A header: ${field}`);
      return [name, value];
    }),
  );
  const cues: ParsedCue[] = [];
  for (const block of blocks) {
    if (/^NOTE[ \n]/.test(block) && !block.includes('-->')) continue;
    const cue = parseCue(block);
    if (cue.startSeconds < (cues.at(-1)?.startSeconds ?? 0)) throw new Error(`Order: ${block}`);
    cues.push(cue);
  }
  return { header, cues };
}

function parseCue(block: string): ParsedCue {
  const [times = '', ...lines] = block.split('\n');
  const parts = TIMES.exec(times)?.slice(1).map(Number);
  if (!parts || lines.length === 0 || lines.includes('')) throw new Error(`A cue: ${block}`);
  const [h = 0, m = 0, s = 0, h2 = 0, m2 = 0, s2 = 0] = parts;
  const [startSeconds, endSeconds] = [h * 3600 + m * 60 + s, h2 * 3600 + m2 * 60 + s2];
  if (endSeconds <= startSeconds) throw new Error(`Times: ${times}`);
  const text = lines.join('\n').replace(/&(?:amp|lt|gt);/g, (name) => CHARACTERS[name] ?? '');
  if (/[<>]|&(?!(?:amp|lt|gt);)/.test(lines.join('\n'))) throw new Error(`Markup: ${block}`);
  return { startSeconds, endSeconds, text };
}
