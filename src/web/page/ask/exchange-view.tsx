import './exchange-view.css';

import { describeLanguageCheck } from '../languages/describe-language-check.js';
import { locale, t } from '../locales/locale.js';
import { isDemoModel } from '../service/service-status.js';
import { CopyButton } from '../shell/copy-button.js';
import { DemoMark } from '../shell/demo-mark.js';
import { ErrorNote } from '../shell/error-note.js';
import { EditIcon, RefreshIcon } from '../shell/icons.js';
import { askSettings } from './stored-ask-settings.js';
import { regenerateAnswer, retryAnswer } from './conversation-store.js';
import { type Exchange, isRunning, type Progress } from './conversation.js';
import { startEdit, focusQuestion } from './question-draft.js';
import { TokenText } from './token-text.js';

interface ExchangeViewProps {
  exchange: Exchange;
  /** `last`: can be regenerated. `discarded`: an edit in progress will remove it. */
  role: 'earlier' | 'last' | 'edited' | 'discarded';
  /** `fixed` while an answer is pending or streaming. */
  mode: 'editable' | 'fixed';
}

/** A question and its answer, with buttons to edit, copy and regenerate. */
export function ExchangeView({ exchange, role, mode }: ExchangeViewProps) {
  const { question, progress } = exchange;
  const retry = () => {
    retryAnswer();
    focusQuestion();
  };
  return (
    <div class={`exchange exchange-${role}`}>
      <div class="exchange-question">
        <p class="label">{t().ask.you}</p>
        <p class="exchange-text">{question.text}</p>
        {mode === 'editable' && (
          <button
            type="button"
            class="button quiet exchange-edit"
            aria-label={t().ask.edit}
            title={t().ask.edit}
            onClick={() => startEdit(exchange)}
          >
            <EditIcon />
          </button>
        )}
      </div>
      <div class="exchange-answer">
        <p class="label">{t().ask.model}</p>
        <AnswerText exchange={exchange} />
        {exchange.text !== '' && isDemoModel(exchange.model) && <DemoMark />}
        {progress.state === 'failed' && (
          <ErrorNote
            error={progress.error}
            onRetry={role === 'last' && mode === 'editable' ? retry : undefined}
          />
        )}
        {!isRunning(exchange) && <AnswerFoot exchange={exchange} role={role} mode={mode} />}
      </div>
    </div>
  );
}

function AnswerText({ exchange: { question, text, tokens, progress } }: { exchange: Exchange }) {
  const { language } = question;
  if (progress.state === 'waiting')
    return <p class="exchange-waiting">{describeWaiting(progress)}</p>;
  if (askSettings.value.tokens === 'shown' && tokens.length > 0) {
    return <TokenText text={text} tokens={tokens} language={language} />;
  }
  return (
    <p class={`exchange-text exchange-${progress.state}`} lang={language}>
      {text}
    </p>
  );
}

function describeWaiting({ uploaded }: Extract<Progress, { state: 'waiting' }>): string {
  const isUploading = uploaded > 0 && uploaded < 1;
  return isUploading ? t().upload.progress(Math.floor(uploaded * 100)) : t().upload.processing;
}

/** The sampling settings and the ending of an answer, with buttons to copy and regenerate. */
function AnswerFoot({ exchange: { question, text, progress }, role, mode }: ExchangeViewProps) {
  const { temperature, seed } = question.sampling;
  const again = () => {
    regenerateAnswer();
    focusQuestion();
  };
  const ending = describeEnding(progress);
  const languageNote = progress.state === 'finished' ? describeLanguageCheck(progress.check) : null;
  return (
    <div class="exchange-foot">
      {ending !== null && <span class="exchange-ending">{ending}</span>}
      {languageNote !== null && <span class="exchange-ending">{languageNote}</span>}
      {seed !== null && <span>{t().ask.seedIs(seed)}</span>}
      {temperature !== null && (
        <span>{t().ask.temperatureIs(temperature.toLocaleString(locale.value))}</span>
      )}
      {text !== '' && <CopyButton text={text} label={t().ask.copy} />}
      {role === 'last' && mode === 'editable' && progress.state !== 'failed' && (
        <button type="button" class="button quiet" onClick={again}>
          <RefreshIcon />
          {t().ask.regenerate}
        </button>
      )}
    </div>
  );
}

/** Why an answer is incomplete; `null` if the model ended it. */
function describeEnding(progress: Progress): string | null {
  if (progress.state === 'stopped') return t().captions.stopped;
  if (progress.state !== 'finished') return null;
  switch (progress.reason) {
    case 'length':
      return t().captions.cut;
    case 'repetition':
      return t().captions.repeated;
    case 'cancelled':
      return t().captions.stopped;
    case 'stop':
      return null;
  }
}
