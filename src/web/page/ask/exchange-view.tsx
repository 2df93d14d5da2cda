import './exchange-view.css';

import { locale, t } from '../locales/locale.js';
import { CopyButton } from '../shell/copy-button.js';
import { ErrorNote } from '../shell/error-note.js';
import { EditIcon, RefreshIcon } from '../shell/icons.js';
import { askSettings } from './ask-settings.js';
import { answerAgain, retryAnswer } from './asking.js';
import { type Exchange, isRunning, type Progress } from './conversation.js';
import { beginEdit, focusQuestion } from './draft.js';
import { TokenText } from './token-text.js';

interface ExchangeViewProps {
  exchange: Exchange;
  /** The last one can be answered again; one that an edit will drop is pale. */
  place: 'earlier' | 'last' | 'edited' | 'dropped';
  /** Nothing can be changed while an answer is on its way. */
  mode: 'changeable' | 'fixed';
}

/** A question, its answer as far as it has come, and what can be done with both. */
export function ExchangeView({ exchange, place, mode }: ExchangeViewProps) {
  const { question, progress } = exchange;
  const retry = () => {
    retryAnswer();
    focusQuestion();
  };
  return (
    <div class={`exchange exchange-${place}`}>
      <div class="exchange-question">
        <p class="label">{t().ask.you}</p>
        <p class="exchange-text">{question.text}</p>
        {mode === 'changeable' && (
          <button
            type="button"
            class="button quiet exchange-edit"
            aria-label={t().ask.edit}
            title={t().ask.edit}
            onClick={() => beginEdit(exchange)}
          >
            <EditIcon />
          </button>
        )}
      </div>
      <div class="exchange-answer">
        <p class="label">{t().ask.model}</p>
        <AnswerText exchange={exchange} />
        {progress.state === 'failed' && (
          <ErrorNote
            error={progress.error}
            onRetry={place === 'last' && mode === 'changeable' ? retry : undefined}
          />
        )}
        {!isRunning(exchange) && <AnswerFoot exchange={exchange} place={place} mode={mode} />}
      </div>
    </div>
  );
}

function AnswerText({ exchange: { question, text, tokens, progress } }: { exchange: Exchange }) {
  const { language } = question;
  if (progress.state === 'waiting') return <p class="exchange-waiting">{waitingFor(progress)}</p>;
  if (askSettings.value.tokens === 'shown' && tokens.length > 0) {
    return <TokenText text={text} tokens={tokens} language={language} />;
  }
  return (
    <p class={`exchange-text exchange-${progress.state}`} lang={language}>
      {text}
    </p>
  );
}

function waitingFor({ uploaded }: Extract<Progress, { state: 'waiting' }>): string {
  const isUploading = uploaded > 0 && uploaded < 1;
  return isUploading ? t().upload.progress(Math.floor(uploaded * 100)) : t().upload.thinking;
}

/** How the answer ended and was drawn; copying it, and another one in its place. */
function AnswerFoot({ exchange: { question, text, progress }, place, mode }: ExchangeViewProps) {
  const { temperature, seed } = question.sampling;
  const again = () => {
    answerAgain();
    focusQuestion();
  };
  const end = endOf(progress);
  return (
    <div class="exchange-foot">
      {end !== null && <span class="exchange-end">{end}</span>}
      {seed !== null && <span>{t().ask.seedIs(seed)}</span>}
      {temperature !== null && (
        <span>{t().ask.temperatureIs(temperature.toLocaleString(locale.value))}</span>
      )}
      {text !== '' && <CopyButton text={text} label={t().ask.copy} />}
      {place === 'last' && mode === 'changeable' && progress.state !== 'failed' && (
        <button type="button" class="button quiet" onClick={again}>
          <RefreshIcon />
          {t().ask.regenerate}
        </button>
      )}
    </div>
  );
}

/** A word on an end that is not the model's own. */
function endOf(progress: Progress): string | null {
  if (progress.state === 'stopped') return t().captions.stopped;
  if (progress.state !== 'finished') return null;
  switch (progress.reason) {
    case 'length':
      return t().captions.cut;
    case 'repetition':
      return t().ask.repeated;
    case 'cancelled':
      return t().captions.stopped;
    case 'stop':
      return null;
  }
}
