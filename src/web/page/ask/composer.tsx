import './composer.css';

import { MAX_PROMPT_BYTES } from '../../../config/limits.js';
import { t } from '../locales/locale.js';
import { askedMedia } from '../media/asked-media.js';
import { CloseIcon, StopIcon } from '../shell/icons.js';
import { isAnswering, stopAnswer } from './asking.js';
import { cancelEdit, draft, editing, focusQuestion, questionField, sendDraft } from './draft.js';

/** A character of a string is three bytes of UTF-8 at most. */
const MAX_QUESTION_LENGTH = Math.floor(MAX_PROMPT_BYTES / 3);

/** Where a question is written and sent, and the answer to it stopped. */
export function Composer() {
  const send = (event: Event) => {
    event.preventDefault();
    sendDraft();
  };
  const readKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && editing.value) cancelEdit();
    // Shift begins a new line; while a word is composed, Enter belongs to it.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event);
  };
  return (
    <form class="composer" onSubmit={send}>
      {editing.value && (
        <div class="composer-editing">
          <span id="composer-editing">{t().ask.editing}</span>
          <button type="button" class="button quiet" onClick={cancelEdit}>
            <CloseIcon />
            {t().ask.cancelEdit}
          </button>
        </div>
      )}
      <label class="label" for="composer-question">
        {t().ask.question}
      </label>
      <textarea
        id="composer-question"
        ref={questionField}
        class="field composer-question"
        rows={2}
        maxLength={MAX_QUESTION_LENGTH}
        placeholder={t().ask.placeholder}
        aria-describedby={editing.value ? 'composer-editing composer-about' : 'composer-about'}
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onKeyDown={readKey}
      />
      <div class="composer-foot">
        <span id="composer-about" class="composer-about">
          {t().ask.about(askedMedia.value.length)}
        </span>
        {isAnswering.value ? <StopButton /> : <SendButton />}
      </div>
    </form>
  );
}

function SendButton() {
  return (
    <button type="submit" class="button primary">
      {t().ask.send}
    </button>
  );
}

function StopButton() {
  const stop = (event: MouseEvent) => {
    // The second click of a double click on what was the button to ask.
    if (event.detail > 1) return;
    stopAnswer();
    focusQuestion();
  };
  return (
    <button type="button" class="button" onClick={stop}>
      <StopIcon />
      {t().ask.stop}
    </button>
  );
}
