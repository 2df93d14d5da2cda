import { ALTERNATIVE_TEXT_CHARACTERS, checkAlternativeText } from './alternative-text.js';
import { LANGUAGE_CODES } from './languages.js';

/** A text that says that it is a picture, and one that begins with the same things and does not. */
const EXAMPLES: Readonly<Record<string, readonly [says: string, says_not: string]>> = {
  bg: ['Снимка на лисица.', 'Снимачен екип на площада.'],
  ca: ['La imatge mostra una guineu.', 'Imatges de sants en una vitrina.'],
  cs: ['Obrázek zobrazuje lišku.', 'Obrázek visí na zdi.'],
  cy: ['Llun o lwynog.', 'Lluniau ar wal.'],
  da: ['Et billede af en ræv.', 'En billedramme på en væg.'],
  de: ['Das Bild zeigt einen Fuchs.', 'Bilder hängen an einer Wand.'],
  el: ['Φωτογραφία με μια αλεπού.', 'Φωτογράφος σε μια πλατεία.'],
  en: ['A photo of a fox.', 'Picture frames on a wall.'],
  es: ['Imagen de un zorro.', 'Imágenes de santos en una vitrina.'],
  et: ['Pildil on rebane.', 'Pildid seinal.'],
  eu: ['Azeri baten irudia.', 'Azeri bat basoan.'],
  fi: ['Kuvassa on kettu.', 'Kuvia seinällä.'],
  fr: ['Photo d’un renard.', 'Photographe sur une place.'],
  ga: ['Pictiúr de shionnach.', 'Pictiúir ar bhalla.'],
  gl: ['Imaxe dun raposo.', 'Imaxes nunha parede.'],
  hr: ['Fotografija lisice.', 'Slika visi na zidu.'],
  hu: ['A képen egy róka látható.', 'Képek egy falon.'],
  it: ['Un’immagine di una volpe.', 'Immagini di santi in una vetrina.'],
  lt: ['Nuotraukoje matoma lapė.', 'Nuotraukos ant sienos.'],
  lv: ['Attēlā redzama lapsa.', 'Attēli pie sienas.'],
  mt: ['Stampa ta’ volpi.', 'Stampi ma’ ħajt.'],
  nl: ['Een foto van een vos.', 'Fotografen op een plein.'],
  nn: ['Eit bilete av ein rev.', 'Bilete på ein vegg.'],
  no: ['Bildet viser en rev.', 'Bilder på en vegg.'],
  oc: ['La fòto mòstra un rainard.', 'Imatges sus una paret.'],
  pl: ['Zdjęcie lisa.', 'Obraz wisi na ścianie.'],
  pt: ['Imagem de uma raposa.', 'Imagens numa parede.'],
  ro: ['O imagine cu o vulpe.', 'Imagini pe un perete.'],
  ru: ['Фотография лисы.', 'Фотограф на площади.'],
  sh: ['Slika prikazuje lisicu.', 'Slika visi na zidu.'],
  sk: ['Obrázok zobrazuje líšku.', 'Obrázok visí na stene.'],
  sl: ['Na sliki je lisica.', 'Slika visi na steni.'],
  sr: ['Слика приказује лисицу.', 'Слика виси на зиду.'],
  sv: ['En bild av en räv.', 'Bilder på en vägg.'],
  uk: ['На фото лисиця.', 'Фотограф на площі.'],
};

it('has an example for each language', () => {
  expect(Object.keys(EXAMPLES)).toEqual(LANGUAGE_CODES);
});

it.each(Object.entries(EXAMPLES))('tells in %s that a text is about a picture', (code, texts) => {
  const [says, saysNot] = texts;
  expect(checkAlternativeText(says, code)).toEqual(['image_of']);
  expect(checkAlternativeText(`«${says.toUpperCase()}»`, code)).toEqual(['image_of']);
  expect(checkAlternativeText(says.normalize('NFD'), code)).toEqual(['image_of']);
  expect(checkAlternativeText(saysNot, code)).toEqual([]);
});

it('limits the length in characters, not in code units', () => {
  const { warned, refused } = ALTERNATIVE_TEXT_CHARACTERS;
  const ofLength = (length: number) => `${'🦊'.repeat(length - 1)}.`;
  expect(checkAlternativeText(ofLength(warned), 'en')).toEqual([]);
  expect(checkAlternativeText(ofLength(warned + 1), 'en')).toEqual(['long']);
  expect(checkAlternativeText(ofLength(refused), 'en')).toEqual(['long']);
  expect(checkAlternativeText(ofLength(refused + 1), 'en')).toEqual(['too_long']);
});

it.each(['A fox.', 'A fox!', 'She says: “A fox.”', 'A fox (red.)', 'A fox…', 'A fox. ', ''])(
  'accepts the end of %j',
  (text) => {
    expect(checkAlternativeText(text, 'en')).toEqual([]);
  },
);

it.each(['A fox', 'A fox,', 'fox, snow', 'A fox.x'])('misses the full stop of %j', (text) => {
  expect(checkAlternativeText(text, 'en')).toEqual(['no_full_stop']);
});
