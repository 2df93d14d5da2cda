import './language-chooser.css';

import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { languageOf, languages } from '../service/service-status.js';
import { ChevronIcon, CloseIcon } from '../shell/icons.js';
import { toggleCode } from './code-list.js';
import { LanguagePicker } from './language-picker.js';

interface LanguageChooserProps {
  readonly chosen: Signal<readonly string[]>;
}

/** Chips shown before "Show all": two to three rows on a desktop, five on a phone. */
const MAX_CHIPS = 8;

/** Selects any number of languages: chips for the selected ones, and a picker with all of them. */
export function LanguageChooser({ chosen }: LanguageChooserProps) {
  const isOpen = useSignal(false);
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen.value) return undefined;
    const closeOutside = ({ target }: Event) => {
      if (!root.current?.contains(target as Node)) isOpen.value = false;
    };
    // On the document, because after a touch the focus is not in the list.
    const closeOnEscape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      isOpen.value = false;
      opener.current?.focus();
    };
    document.addEventListener('pointerdown', closeOutside);
    document.addEventListener('focusin', closeOutside);
    document.addEventListener('keydown', closeOnEscape);
    return () => {
      document.removeEventListener('pointerdown', closeOutside);
      document.removeEventListener('focusin', closeOutside);
      document.removeEventListener('keydown', closeOnEscape);
    };
  }, [isOpen.value]);
  if (languages.value.length === 0) {
    return (
      <div class="language-chooser">
        <p class="label">{t().languages.title}</p>
        <p class="language-chooser-unknown">{t().languages.unknown}</p>
      </div>
    );
  }
  return (
    <div class="language-chooser" ref={root}>
      <p class="label" role="status">
        {t().languages.chosen(chosen.value.length)}
      </p>
      <div class="language-chooser-line">
        <button
          type="button"
          ref={opener}
          class="button"
          aria-expanded={isOpen.value}
          aria-haspopup="dialog"
          aria-controls={isOpen.value ? id : undefined}
          onClick={() => {
            isOpen.value = !isOpen.value;
          }}
        >
          {t().languages.change}
          <ChevronIcon />
        </button>
        <Chips chosen={chosen} focusOpener={() => opener.current?.focus()} />
        {isOpen.value && <LanguagePicker id={id} chosen={chosen} />}
      </div>
    </div>
  );
}

interface ChipsProps extends LanguageChooserProps {
  /** Called when the last chip is removed. */
  readonly focusOpener: () => void;
}

function Chips({ chosen, focusOpener }: ChipsProps) {
  const isExpanded = useSignal(false);
  const count = chosen.value.length;
  const shown = isExpanded.value ? chosen.value : chosen.value.slice(0, MAX_CHIPS);
  return (
    <div class="language-chooser-chosen">
      <ul class="language-chooser-chips" aria-label={t().languages.title}>
        {shown.map((code) => (
          <Chip
            key={code}
            code={code}
            onRemove={(chip) => {
              // To a neighbor: a removed element would lose the focus to the top of the page.
              const next = chip.nextElementSibling ?? chip.previousElementSibling;
              const button = next?.querySelector('button');
              if (button) button.focus();
              else focusOpener();
              chosen.value = toggleCode(chosen.value, code);
            }}
          />
        ))}
      </ul>
      {count > MAX_CHIPS && (
        <button
          type="button"
          class="button quiet"
          aria-expanded={isExpanded.value}
          onClick={() => {
            isExpanded.value = !isExpanded.value;
          }}
        >
          {isExpanded.value ? t().languages.showFewer : t().languages.showAll(count)}
        </button>
      )}
    </div>
  );
}

interface ChipProps {
  readonly code: string;
  readonly onRemove: (chip: HTMLElement) => void;
}

/** A selected language. Pressing it removes the language. */
function Chip({ code, onRemove }: ChipProps) {
  const language = languageOf(code);
  if (!language) return null;
  const { name, english_name } = language;
  return (
    <li>
      <button
        type="button"
        class="language-chooser-chip"
        title={english_name}
        aria-label={t().languages.remove(name)}
        onClick={({ currentTarget }) => {
          const chip = currentTarget.closest('li');
          if (chip) onRemove(chip);
        }}
      >
        <span lang={code}>{name}</span>
        <CloseIcon />
      </button>
    </li>
  );
}
