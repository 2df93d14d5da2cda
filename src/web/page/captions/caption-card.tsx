import './caption-card.css';

import { useId } from 'preact/hooks';

import { describeLanguageCheck } from '../languages/describe-language-check.js';
import { locale, t } from '../locales/locale.js';
import { formatTime } from '../media/frame-times.js';
import type { Language } from '../service/api-types.js';
import { ServiceError } from '../service/service-error.js';
import { isDemoModel, languageOf } from '../service/service-status.js';
import { CopyButton } from '../shell/copy-button.js';
import { DemoMark } from '../shell/demo-mark.js';
import { describeError } from '../shell/describe-error.js';
import { DownloadIcon } from '../shell/icons.js';
import { type CaptionPart, type CaptionRun, isRunning, type WrittenText } from './caption-run.js';
import { toTrack, trackName } from './webvtt-track.js';

interface CaptionCardProps {
  readonly code: string;
  readonly run: CaptionRun;
}

/** The captions of a run in one language, with copy and download buttons. */
export function CaptionCard({ code, run }: CaptionCardProps) {
  const id = useId();
  const language = languageOf(code);
  if (!language) return null;
  const texts = run.parts.flatMap(({ texts: { [code]: written } }) => written?.text ?? []);
  return (
    <article class="caption-card card" aria-labelledby={id}>
      <header>
        <h3 id={id}>
          <span lang={code}>{language.name}</span>
          {language.english_name !== language.name && (
            <span class="caption-card-english" lang="en">
              {language.english_name}
            </span>
          )}
        </h3>
        {texts.length > 0 && (
          <CopyButton text={texts.join('\n')} label={t().captions.copy(language.name)} />
        )}
        <DownloadTrack run={run} language={language} />
      </header>
      {run.request.of === 'segments' && texts.length > 0 ? (
        <ol class="caption-card-segments">
          {run.parts.map((part) => (
            <li key={part.range?.start}>
              <SegmentTimes range={part.range} />
              <CaptionText code={code} run={run} part={part} />
            </li>
          ))}
        </ol>
      ) : (
        <CaptionText code={code} run={run} part={run.parts[0]} />
      )}
      {texts.length > 0 && isDemoModel(run.model) && <DemoMark />}
    </article>
  );
}

/** Offered only after the run has ended: an incomplete track would look complete in a player. */
function DownloadTrack({ run, language }: { run: CaptionRun; language: Language }) {
  const track = isRunning(run) ? null : toTrack(run, language);
  if (track === null) return null;
  const label = t().captions.downloadVtt(language.name);
  return (
    <button
      type="button"
      class="button quiet"
      aria-label={label}
      title={label}
      onClick={() => downloadFile(trackName(run, language), 'text/vtt', track)}
    >
      <DownloadIcon />
      VTT
    </button>
  );
}

function downloadFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has started before the timeout runs, so the URL is no longer needed.
  setTimeout(() => URL.revokeObjectURL(url));
}

function SegmentTimes({ range }: { readonly range: CaptionPart['range'] }) {
  if (!range) return null;
  const start = formatTime(range.start);
  return (
    <p class="caption-card-times">
      {range.end === null ? start : t().captions.segment(start, formatTime(range.end))}
    </p>
  );
}

interface CaptionTextProps extends CaptionCardProps {
  /** Undefined before the first text of the run. */
  readonly part: CaptionPart | undefined;
}

/** One caption. Screen readers announce it when it is finished, not every delta. */
function CaptionText({ code, run, part }: CaptionTextProps) {
  const written = part?.texts[code];
  const isWriting = !part?.error && isRunning(run) && (written?.ending ?? null) === null;
  const languageNote = isWriting ? null : describeLanguageCheck(written?.check);
  const note = isWriting ? null : describeEnding(part, written, run);
  return (
    <div class="caption-text" aria-live="polite">
      {isWriting && !written && <p class="caption-text-note">{t().captions.waiting}</p>}
      {/* The finished text is a new element, so that the live region announces it. */}
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
      {note !== null && <p class="caption-text-note">{note}</p>}
      {languageNote !== null && <p class="caption-text-note">{languageNote}</p>}
    </div>
  );
}

/** Why a text may be shorter than expected; `null` if the model ended it. */
function describeEnding(
  part: CaptionPart | undefined,
  written: WrittenText | undefined,
  { phase }: CaptionRun,
): string | null {
  const { captions } = t();
  if (part?.error) {
    return describeError(new ServiceError('problem', part.error), t(), locale.value).text;
  }
  switch (written?.ending) {
    case 'stop':
    case 'complete':
      return null;
    case 'length':
      return captions.cut;
    case 'repetition':
      return captions.repeated;
    case 'cancelled':
      return captions.stopped;
    case null:
    case undefined:
      return phase.name === 'stopped' ? captions.stopped : captions.incomplete;
  }
}
