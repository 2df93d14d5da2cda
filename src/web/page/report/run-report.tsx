import './run-report.css';

import { useSignal } from '@preact/signals';

import { locale, t } from '../locales/locale.js';
import { selected } from '../media/media-store.js';
import type { MediaReport, Model, Timings } from '../service/api-types.js';
import { languageOf, serviceStatus } from '../service/service-status.js';
import { reportOf, type RunReport, showTiles, type TokenSubject } from './report-store.js';
import { StackedBar, type StackedBarProps } from './stacked-bar.js';
import { splitTokenUsage } from './token-usage.js';

/** Tiles or frames, tokens and timings of the latest run of the selected file. */
export function RunReportView() {
  // Closed on a phone, where it would push the captions further down.
  const open = useSignal(matchMedia('(min-width: 801px)').matches);
  const item = selected.value;
  if (!item) return null;
  const report = reportOf(item.id);
  const model = serviceStatus.value.state === 'ready' ? serviceStatus.value.model : null;
  return (
    <details
      class="run-report card"
      open={open.value}
      onToggle={(event) => {
        open.value = event.currentTarget.open;
      }}
    >
      <summary>
        <h2>{t().report.title}</h2>
      </summary>
      {report ? (
        <div class="run-report-parts">
          <MediaPart media={report.media} />
          {model && <TokensPart report={report} contextLength={model.context_length} />}
          {report.timings && <TimePart timings={report.timings} />}
          {model && <ModelPart model={model} />}
        </div>
      ) : (
        <p class="run-report-hint">{t().report.empty}</p>
      )}
    </details>
  );
}

function MediaPart({ media }: { media: MediaReport }) {
  const texts = t().report;
  if (media.kind === 'video') {
    return <p>{texts.frames(media.frames.length, media.frames_requested)}</p>;
  }
  return (
    <div class="run-report-tiles">
      <p>
        {texts.tiles(media.tiles)}
        {media.grid && (
          <span class="run-report-muted"> · {texts.grid(media.grid.rows, media.grid.columns)}</span>
        )}
      </p>
      <label class="run-report-toggle">
        <input
          type="checkbox"
          checked={showTiles.value}
          onChange={(event) => {
            showTiles.value = event.currentTarget.checked;
          }}
        />
        {texts.showTiles}
      </label>
      {media.blank && <p class="run-report-note">{texts.blank}</p>}
    </div>
  );
}

function TokensPart({ report, contextLength }: { report: RunReport; contextLength: number }) {
  const texts = t().report;
  const { visual, text, output, used, free } = splitTokenUsage(report, contextLength);
  const { subject } = report;
  return (
    <BarPart
      title={texts.tokensTitle}
      total={texts.tokens(used, contextLength)}
      note={subject && describeSubject(subject)}
      format={String}
      parts={[
        { label: texts.visualTokens, amount: visual, pattern: 'accent' },
        { label: texts.textTokens, amount: text, pattern: 'ink' },
        { label: texts.answerTokens, amount: output, pattern: 'stripes' },
        { label: texts.freeTokens, amount: free, pattern: 'empty' },
      ]}
    />
  );
}

/** Names the text that the tokens belong to. */
function describeSubject(subject: TokenSubject): string {
  const texts = t().report;
  const nameOf = (code: string) => languageOf(code)?.name ?? code;
  switch (subject.of) {
    case 'text':
      return texts.tokensOfText(nameOf(subject.language), subject.texts);
    case 'answer':
      return texts.tokensOfAnswer(nameOf(subject.language));
    case 'segment':
      return texts.tokensPerSegment;
  }
}

function TimePart({ timings }: { timings: Timings }) {
  const texts = t().report;
  const { media_decode_ms, tile_ms, encode_ms, prefill_ms, decode_ms, total_ms } = timings;
  const waitingMs = total_ms - media_decode_ms - tile_ms - encode_ms - prefill_ms - decode_ms;
  return (
    <BarPart
      title={texts.timeTitle}
      total={texts.total(formatMs(total_ms))}
      format={formatMs}
      parts={[
        { label: texts.mediaDecode, amount: media_decode_ms, pattern: 'muted' },
        { label: texts.tile, amount: tile_ms, pattern: 'lines' },
        { label: texts.encode, amount: encode_ms, pattern: 'accent' },
        { label: texts.prefill, amount: prefill_ms, pattern: 'ink' },
        { label: texts.decode, amount: decode_ms, pattern: 'stripes' },
        { label: texts.other, amount: waitingMs, pattern: 'empty' },
      ]}
    />
  );
}

interface BarPartProps extends StackedBarProps {
  readonly title: string;
  readonly total: string;
  readonly note?: string | null;
}

/** A stacked bar with a heading and a total. */
function BarPart({ title, total, note, ...bar }: BarPartProps) {
  return (
    <section>
      <div class="run-report-head">
        <h3>{title}</h3>
        <p class="run-report-muted">{total}</p>
        {note && <p class="run-report-muted run-report-note">{note}</p>}
      </div>
      <StackedBar {...bar} />
    </section>
  );
}

function ModelPart({ model }: { model: Model }) {
  return (
    <dl class="run-report-model">
      <dt>{t().report.model}</dt>
      <dd>{model.name}</dd>
      <dt>{t().report.precision}</dt>
      <dd>{model.precision}</dd>
    </dl>
  );
}

/** Milliseconds, with one decimal below 10 ms. */
function formatMs(ms: number): string {
  const maximumFractionDigits = ms < 10 ? 1 : 0;
  const options = { style: 'unit', unit: 'millisecond', maximumFractionDigits } as const;
  return new Intl.NumberFormat(locale.value, options).format(ms);
}
