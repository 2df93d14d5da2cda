const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, most of which HTML does not allow. */
const INVISIBLE = /\p{Cc}/gu;
const CONTROL_PICTURES = 0x2400;
const DELETE_PICTURE = '\u2421';

/**
 * Text for the content and the attributes of HTML. Control characters become visible symbols, as they could not be seen
 * otherwise. Characters that reorder text stay in `<bdi>`, which keeps them from the text around it.
 */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
    .replace(INVISIBLE, showControl);
}

function showControl(character: string): string {
  const code = character.charCodeAt(0);
  if (code === 9 || code === 10 || code > 0x9f) return character;
  if (code < 0x20) return String.fromCharCode(CONTROL_PICTURES + code);
  return code === 0x7f ? DELETE_PICTURE : '\ufffd';
}
