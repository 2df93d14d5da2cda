import './copy-button.css';

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { copyText } from './copy-text.js';
import { CheckIcon, CopyIcon } from './icons.js';

interface CopyButtonProps {
  /** A function where the text is dear to make. */
  text: string | (() => string);
  label: string;
  /** An icon whose name is the label, or icon and label; the icon alone by default. */
  look?: 'icon' | 'text';
}

/** How long the mark stays that says it is done. */
const COPIED_MS = 2000;

/** Copies a text, and says so for a moment. */
export function CopyButton({ text, label, look = 'icon' }: CopyButtonProps) {
  const copied = useSignal(0);
  useEffect(() => {
    if (copied.value === 0) return undefined;
    const timer = setTimeout(() => {
      copied.value = 0;
    }, COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied.value]);
  const copy = () => {
    copyText(typeof text === 'string' ? text : text()).then(
      () => {
        copied.value += 1;
      },
      // Forbidden by the browser: the text stays selectable, and no mark appears.
      () => undefined,
    );
  };
  const isCopied = copied.value > 0;
  return (
    <span class="copy-button">
      <button
        type="button"
        class={isCopied ? 'button quiet copy-button-done' : 'button quiet'}
        aria-label={label}
        title={look === 'icon' ? label : undefined}
        onClick={copy}
      >
        {isCopied ? <CheckIcon /> : <CopyIcon />}
        {look === 'text' && <span>{isCopied ? t().captions.copied : label}</span>}
      </button>
      <span class="visually-hidden" role="status">
        {isCopied ? t().captions.copied : ''}
      </span>
    </span>
  );
}
