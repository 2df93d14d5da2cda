import { type Signal, useSignal } from '@preact/signals';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import type { Language } from '../service/api-types.js';
import { languages } from '../service/service-status.js';
import { StarIcon } from '../shell/icons.js';
import { toggleCode } from './code-list.js';
import { favoriteLanguages, toggleFavorite } from './favorite-languages.js';
import { matchLanguages } from './match-languages.js';
import { handlePickerKey } from './picker-keyboard.js';
import { orderLanguages } from './order-languages.js';

interface LanguagePickerProps {
  readonly id: string;
  readonly chosen: Signal<readonly string[]>;
}

/** A searchable list of all languages. The list is one tab stop; the arrow keys move inside it. */
export function LanguagePicker({ id, chosen }: LanguagePickerProps) {
  const query = useSignal('');
  const active = useSignal<string | null>(null);
  const root = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  // Sorted once, when the picker opens, so that a row does not move when its star is pressed.
  const { favorites, others } = useMemo(
    () => orderLanguages(languages.value, favoriteLanguages.peek()),
    [languages.value],
  );
  // A layout effect, so that the search field has the focus before the next key is pressed.
  useLayoutEffect(() => {
    root.current?.scrollIntoView({ block: 'nearest' });
    // On a touch screen the on-screen keyboard would cover the list.
    if (!matchMedia('(pointer: coarse)').matches) search.current?.focus();
  }, []);

  const found = matchLanguages([...favorites, ...others], query.value);
  const isSearching = query.value.trim() !== '';
  const stop = found.find(({ code }) => code === active.value) ?? found[0];
  const toggle = (code: string) => {
    chosen.value = toggleCode(chosen.value, code);
  };
  const toRow = (language: Language) => (
    <LanguageRow
      key={language.code}
      language={language}
      isChosen={chosen.value.includes(language.code)}
      look={isSearching && language === found[0] ? 'best' : 'plain'}
      tabIndex={language === stop ? 0 : -1}
      onToggle={toggle}
      onFocus={() => {
        active.value = language.code;
      }}
    />
  );
  const selectBestMatch = () => {
    if (!isSearching || !found[0]) return;
    toggle(found[0].code);
    query.value = '';
  };
  return (
    <div
      class="language-picker"
      ref={root}
      id={id}
      role="dialog"
      aria-label={t().languages.change}
      onKeyDown={(event) => {
        handlePickerKey(event, search.current, selectBestMatch);
      }}
    >
      <div class="language-picker-head">
        <input
          ref={search}
          class="field"
          type="search"
          aria-label={t().languages.search}
          placeholder={t().languages.search}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={query.value}
          onInput={(event) => {
            query.value = event.currentTarget.value;
          }}
        />
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            chosen.value = [...favorites, ...others].map(({ code }) => code);
          }}
        >
          {t().languages.all}
        </button>
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            chosen.value = [];
          }}
        >
          {t().languages.none}
        </button>
      </div>
      <div class="language-picker-list">
        {found.length === 0 && <p role="status">{t().languages.noMatch}</p>}
        {!isSearching && favorites.length > 0 && (
          <>
            <p class="label">{t().languages.favorites}</p>
            <ul aria-label={t().languages.favorites}>{favorites.map(toRow)}</ul>
            <hr />
          </>
        )}
        <ul aria-label={t().languages.title}>{(isSearching ? found : others).map(toRow)}</ul>
      </div>
    </div>
  );
}

interface LanguageRowProps {
  readonly language: Language;
  readonly isChosen: boolean;
  /** `best` marks the match that Enter in the search field selects. */
  readonly look: 'best' | 'plain';
  readonly tabIndex: 0 | -1;
  readonly onToggle: (code: string) => void;
  readonly onFocus: () => void;
}

/** A checkbox for a language, and a star that makes it a favorite. */
function LanguageRow(props: LanguageRowProps) {
  const { language, isChosen, look, tabIndex, onToggle, onFocus } = props;
  const { code, name, english_name } = language;
  const isFavorite = favoriteLanguages.value.includes(code);
  return (
    <li class={`language-row language-row-${look}`} onFocusCapture={onFocus}>
      <label>
        <input
          type="checkbox"
          checked={isChosen}
          tabIndex={tabIndex}
          onChange={() => onToggle(code)}
        />
        <span lang={code}>{name}</span>
        {english_name !== name && (
          <span class="language-row-english" lang="en">
            {english_name}
          </span>
        )}
      </label>
      <button
        type="button"
        class="button quiet language-row-star"
        aria-pressed={isFavorite}
        aria-label={t().languages.favorite(name)}
        title={t().languages.favorite(name)}
        tabIndex={tabIndex}
        onClick={() => toggleFavorite(code)}
      >
        <StarIcon filled={isFavorite} />
      </button>
    </li>
  );
}
