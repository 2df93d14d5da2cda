import './run-report.css';

import { useSignal } from '@preact/signals';

import { locale, t } from '../locales/locale.js';
import { selected } from '../media/tray.js';
import type { MediaReport, Model, Timings } from '../service/api-types.js';
import { serviceStatus } from '../service/service-status.js';
import { reportOf, type RunReport } from './reports.js';
import { StackedBar, type StackedBarProps } from './stacked-bar.js';
import { tilesShown } from './tiles-shown.js';
import { tokenParts } from './token-parts.js';

/** What the model saw of the medium that is shown, and what it cost. */
export function RunReportView() {
  // On a phone the texts come first: the report waits folded.
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
        <h2>{t().seen.title}</h2>
      </summary>
      {report ? (
        <div class="run-report-parts">
          <MediaPart media={report.media} />
          {model && <TokensPart report={report} contextLength={model.context_length} />}
          {report.timings && <TimePart timings={report.timings} />}
          {model && <ModelPart model={model} />}
        </div>
      ) : (
        <p class="run-report-hint">{t().seen.nothingYet}</p>
      )}
    </details>
  );
}

function MediaPart({ media }: { media: MediaReport }) {
  const { seen } = t();
  if (media.kind === 'video') {
    return <p>{seen.frames(media.frames.length, media.frames_wished)}</p>;
  }
  return (
    <div class="run-report-tiles">
      <p>
        {seen.tiles(media.tiles)}
        {media.grid && (
          <span class="run-report-muted"> · {seen.grid(media.grid.rows, media.grid.columns)}</span>
        )}
      </p>
      <label class="run-report-toggle">
        <input
          type="checkbox"
          checked={tilesShown.value}
          onChange={(event) => {
            tilesShown.value = event.currentTarget.checked;
          }}
        />
        {seen.showTiles}
      </label>
    </div>
  );
}

function TokensPart({ report, contextLength }: { report: RunReport; contextLength: number }) {
  const { seen } = t();
  const { visual, text, answer, used, free } = tokenParts(report, contextLength);
  return (
    <BarPart
      title={seen.tokensTitle}
      total={seen.tokens(used, contextLength)}
      format={String}
      parts={[
        { label: seen.visualTokens, amount: visual, pattern: 'accent' },
        { label: seen.textTokens, amount: text, pattern: 'ink' },
        { label: seen.answerTokens, amount: answer, pattern: 'stripes' },
        { label: seen.freeTokens, amount: free, pattern: 'empty' },
      ]}
    />
  );
}

function TimePart({ timings }: { timings: Timings }) {
  const { seen } = t();
  const { decode_ms, tile_ms, encode_ms, prefill_ms, generate_ms, total_ms } = timings;
  const waited = total_ms - decode_ms - tile_ms - encode_ms - prefill_ms - generate_ms;
  return (
    <BarPart
      title={seen.timeTitle}
      total={seen.total(formatMs(total_ms))}
      format={formatMs}
      parts={[
        { label: seen.decode, amount: decode_ms, pattern: 'muted' },
        { label: seen.tile, amount: tile_ms, pattern: 'lines' },
        { label: seen.encode, amount: encode_ms, pattern: 'accent' },
        { label: seen.prefill, amount: prefill_ms, pattern: 'ink' },
        { label: seen.generate, amount: generate_ms, pattern: 'stripes' },
        { label: seen.other, amount: waited, pattern: 'empty' },
      ]}
    />
  );
}

interface BarPartProps extends StackedBarProps {
  readonly title: string;
  readonly total: string;
}

/** What a whole went to, under its name. */
function BarPart({ title, total, ...bar }: BarPartProps) {
  return (
    <section>
      <div class="run-report-head">
        <h3>{title}</h3>
        <p class="run-report-muted">{total}</p>
      </div>
      <StackedBar {...bar} />
    </section>
  );
}

function ModelPart({ model }: { model: Model }) {
  return (
    <dl class="run-report-model">
      <dt>{t().seen.model}</dt>
      <dd>{model.name}</dd>
      <dt>{t().seen.precision}</dt>
      <dd>{model.precision}</dd>
    </dl>
  );
}

/** Whole milliseconds, except where that would be nothing. */
function formatMs(ms: number): string {
  const maximumFractionDigits = ms < 10 ? 1 : 0;
  const options = { style: 'unit', unit: 'millisecond', maximumFractionDigits } as const;
  return new Intl.NumberFormat(locale.value, options).format(ms);
}
