import './ask-settings-form.css';

import { useSignal } from '@preact/signals';

import { LanguageSelect } from '../languages/language-select.js';
import { t } from '../locales/locale.js';
import { languageOf } from '../service/service-status.js';
import { ChevronIcon, TrashIcon } from '../shell/icons.js';
import { answerLanguage, askSettings, changeSettings } from './stored-ask-settings.js';
import { exchanges } from './conversation-store.js';
import { newConversation } from './question-draft.js';
import { MAX_SEED, MAX_TEMPERATURE, parseSeed, parseTemperature } from './ask-settings.js';

/** The collapsible settings of the Ask tab, and the button for a new conversation. */
export function AskSettingsForm() {
  const isOpen = useSignal(false);
  const code = answerLanguage.value;
  const language = languageOf(code);
  return (
    <div class="ask-settings-form">
      <div class="ask-settings-form-head">
        <button
          type="button"
          class="button quiet"
          aria-expanded={isOpen.value}
          aria-controls="ask-settings-form-fields"
          onClick={() => {
            isOpen.value = !isOpen.value;
          }}
        >
          <ChevronIcon />
          {t().ask.settings}
        </button>
        {language && (
          <span class="ask-settings-form-language" lang={code}>
            {language.name}
          </span>
        )}
        {exchanges.value.length > 0 && (
          <button type="button" class="button quiet" onClick={newConversation}>
            <TrashIcon />
            {t().ask.clear}
          </button>
        )}
      </div>
      <div id="ask-settings-form-fields" class="ask-settings-form-fields" hidden={!isOpen.value}>
        <Fields />
      </div>
    </div>
  );
}

function Fields() {
  const { temperature, seed, tokens } = askSettings.value;
  return (
    <>
      <div class="ask-settings-form-wide">
        <span class="label" aria-hidden="true">
          {t().ask.language}
        </span>
        <LanguageSelect
          label={t().ask.language}
          value={answerLanguage.value}
          onChange={(language) => changeSettings({ language })}
        />
      </div>
      <NumberField
        label={t().ask.temperature}
        value={temperature}
        limits={{ max: MAX_TEMPERATURE, step: 0.1 }}
        parse={parseTemperature}
        onChange={(value) => changeSettings({ temperature: value })}
      />
      <NumberField
        label={t().ask.seed}
        value={seed}
        limits={{ max: MAX_SEED, step: 1 }}
        parse={parseSeed}
        onChange={(value) => changeSettings({ seed: value })}
      />
      <label class="ask-settings-form-check ask-settings-form-wide">
        <input
          type="checkbox"
          checked={tokens === 'shown'}
          onChange={(event) =>
            changeSettings({ tokens: event.currentTarget.checked ? 'shown' : 'hidden' })
          }
        />
        {t().ask.tokens}
      </label>
    </>
  );
}

interface NumberFieldProps {
  label: string;
  /** `null` uses the default of the service. */
  value: number | null;
  limits: { max: number; step: number };
  /** Parses the typed text and clamps it to the limits. */
  parse: (typed: string) => number | null;
  onChange: (value: number | null) => void;
}

function NumberField({ label, value, limits, parse, onChange }: NumberFieldProps) {
  return (
    <label>
      <span class="label">{label}</span>
      <input
        type="number"
        class="field"
        min={0}
        max={limits.max}
        step={limits.step}
        placeholder={t().ask.automatic}
        value={value ?? ''}
        onChange={({ currentTarget }) => {
          const typed = parse(currentTarget.value);
          // Set explicitly, because an unchanged value causes no render.
          currentTarget.value = String(typed ?? '');
          onChange(typed);
        }}
      />
    </label>
  );
}
