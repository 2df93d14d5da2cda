export interface Cue {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly text: string;
}

export interface Track {
  readonly language: { readonly code: string };
  /** The id of the model that wrote the texts. */
  readonly model: string;
  readonly cues: readonly Cue[];
}

/** A WebVTT file (https://www.w3.org/TR/webvtt1/) of descriptions. Cues without a text are left out. */
export function formatWebVtt({ language, model, cues }: Track): string {
  const header = `WEBVTT\nKind: descriptions\nLanguage: ${language.code}`;
  const note = `NOTE Written by the model ${escapeText(model)}`;
  const blocks = cues.flatMap((cue) => {
    const text = escapeText(cue.text);
    return text === '' ? [] : [`${formatTimes(cue)}\n${text}`];
  });
  return `${[header, note, ...blocks].join('\n\n')}\n`;
}

/** Two times with the second after the first, as the format demands: rounding must not make them equal. */
function formatTimes({ startSeconds, endSeconds }: Cue): string {
  const startMs = Math.round(startSeconds * 1000);
  const endMs = Math.max(Math.round(endSeconds * 1000), startMs + 1);
  return `${formatTime(startMs)} --> ${formatTime(endMs)}`;
}

/** `HH:MM:SS.mmm`; hours grow beyond two digits. */
function formatTime(ms: number): string {
  const part = (value: number, digits: number) => String(Math.trunc(value)).padStart(digits, '0');
  const hours = part(ms / 3_600_000, 2);
  return `${hours}:${part((ms / 60_000) % 60, 2)}:${part((ms / 1000) % 60, 2)}.${part(ms % 1000, 3)}`;
}

/** Text without markup, without blank lines, which end a cue, and without the arrow of the times. */
function escapeText(text: string): string {
  return text
    .replaceAll('\0', '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}
