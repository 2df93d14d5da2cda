import './caption-card.css';

import { useId } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { formatTime } from '../media/frame-times.js';
import type { Language } from '../service/api-types.js';
import { languageOf } from '../service/service-status.js';
import { CopyButton } from '../shell/copy-button.js';
import { DownloadIcon } from '../shell/icons.js';
import { type CaptionPart, type CaptionRun, isUnderWay } from './caption-run.js';
import { CaptionText } from './caption-text.js';
import { downloadFile } from './download-file.js';
import { toTrack, trackName } from './track.js';

interface CaptionCardProps {
  readonly code: string;
  readonly run: CaptionRun;
}

/** What was written in one language. */
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
    </article>
  );
}

/** Of a clip, when nothing is being written any more: a track is whole or it misleads. */
function DownloadTrack({ run, language }: { run: CaptionRun; language: Language }) {
  const track = isUnderWay(run) ? null : toTrack(run, language);
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

function SegmentTimes({ range }: { readonly range: CaptionPart['range'] }) {
  if (!range) return null;
  const start = formatTime(range.start);
  return (
    <p class="caption-card-times">
      {range.end === null ? start : t().captions.segment(start, formatTime(range.end))}
    </p>
  );
}
