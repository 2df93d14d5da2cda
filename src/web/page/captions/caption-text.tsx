import './caption-text.css';

import { t } from '../locales/locale.js';
import { type CaptionPart, type CaptionRun, isUnderWay, type WrittenText } from './caption-run.js';

interface CaptionTextProps {
  readonly code: string;
  readonly run: CaptionRun;
  /** Absent before the first text of the run. */
  readonly part: CaptionPart | undefined;
}

/** One text as it comes and as it is in the end, when screen readers say it. */
export function CaptionText({ code, run, part }: CaptionTextProps) {
  const written = part?.texts[code];
  const isWriting = isUnderWay(run) && (written?.ending ?? null) === null;
  const mark = isWriting ? null : markOf(written, run);
  return (
    <div class="caption-text" aria-live="polite">
      {isWriting && !written && <p class="caption-text-mark">{t().captions.waiting}</p>}
      {/* Another element when it is finished: its arrival is what is announced, and not each piece. */}
      {isWriting && written && (
        <p key="writing" lang={code} aria-hidden="true">
          {written.text}
          <span class="caption-text-caret" />
        </p>
      )}
      {!isWriting && written && written.text !== '' && (
        <p key="written" lang={code}>
          {written.text}
        </p>
      )}
      {mark !== null && <p class="caption-text-mark">{mark}</p>}
    </div>
  );
}

/** Why a text may be less than was wished; null for one that ended by itself. */
function markOf(written: WrittenText | undefined, { phase }: CaptionRun): string | null {
  const { captions } = t();
  switch (written?.ending) {
    case 'stop':
    case 'whole':
      return null;
    case 'length':
      return captions.cut;
    case 'repetition':
      return captions.repeated;
    case 'cancelled':
      return captions.stopped;
    case null:
    case undefined:
      return phase.name === 'stopped' ? captions.stopped : captions.broken;
  }
}
