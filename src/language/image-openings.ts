/**
 * How a text begins that says it is about a picture, by language: sources of regular expressions for the start, in
 * lower case. To add a language, add its entry; `alternative-text.spec.ts` has an example for each.
 *
 * Words for a photograph alone are enough where the following noun is in the genitive. Words that also mean a painting
 * need a preposition or a verb behind them: a painting may be in the picture.
 */
export const IMAGE_OPENINGS: Readonly<Record<string, string>> = {
  bg: '(?:изображение|снимка|фотография|картина)(?:то|та)? (?:на|показва|представя|с)|на (?:снимката|изображението|картината)',
  ca: "(?:una |la |l['’])?(?:imatge|foto|fotografia) (?:de|d['’]|del|dels|on|que|mostra)|a la (?:imatge|foto|fotografia)",
  cs: '(?:fotografie|fotka|snímek)|obrázek (?:s|se|zobrazuje|ukazuje|znázorňuje)|na (?:fotografii|fotce|obrázku|snímku)',
  cy: "(?:y |mae['’]r )?(?:llun|ffotograff|delwedd) (?:o|sy|yn|mae)",
  da: '(?:et |en )?(?:billede|billedet|foto|fotoet|fotografi) (?:af|viser|med)|på (?:billedet|fotoet)',
  de: '(?:ein |das |eine |die )?(?:bild|foto|fotografie|aufnahme|abbildung) (?:von|vom|zeigt|mit|eines|einer|des|der)|auf dem (?:bild|foto)',
  el: '(?:μια |η )?(?:εικόνα|φωτογραφία) (?:με|που|του|της|των|ενός|μιας|δείχνει|από)|στην (?:εικόνα|φωτογραφία)',
  en: '(?:an? |the |this )?(?:image|picture|photo|photograph) (?:of|shows|showing|depicts|depicting|with)|in (?:the|this) (?:image|picture|photo)',
  es: '(?:una |la )?(?:imagen|foto|fotografía) (?:de|del|en|que|muestra)|en la (?:imagen|foto|fotografía)',
  et: '(?:foto|fotol|pildil|pilt (?:kujutab|näitab|millel))',
  eu: '\\p{L}[^.]*en (?:irudia|argazkia)|(?:irudiak|argazkiak|irudian|argazkian)',
  fi: '(?:valokuva|kuvassa|valokuvassa|kuva (?:esittää|näyttää|jossa))',
  fr: "(?:une |la |l['’])?(?:image|photo|photographie) (?:de|d['’]|du|des|montre|montrant|représentant|représente)|sur (?:la|cette) (?:photo|image)",
  ga: "(?:an )?(?:pictiúr|íomhá|grianghraf) (?:de|a|d’|d['])|sa (?:phictiúr|ghrianghraf)",
  gl: '(?:unha |a )?(?:imaxe|foto|fotografía) (?:de|do|da|dun|dunha|que|mostra)|na (?:imaxe|foto|fotografía)',
  hr: '(?:fotografija|fotka)|slika (?:prikazuje|na kojoj|s|sa)|na (?:slici|fotografiji|fotki)',
  hu: '(?:a |egy )?(?:kép|fotó|fénykép) (?:egy|amely|mutat|ábrázol|a|az)|a (?:képen|fotón|fényképen)',
  it: "(?:un['’]|una |l['’]|la )?(?:immagine|foto|fotografia) (?:di|del|della|dell['’]|che|mostra|raffigura)|nell['’]immagine|nella (?:foto|fotografia)",
  lt: '(?:nuotrauka|nuotraukoje|paveikslėlyje|paveiksle|paveikslėlis (?:vaizduoja|rodo))',
  lv: '(?:fotogrāfija|fotogrāfijā|fotoattēls|attēlā|attēls (?:ar|rāda|parāda))',
  mt: "(?:stampa|ritratt|immaġni|l-istampa|ir-ritratt|l-immaġni) (?:ta['’]|tal-|turi|juri|li)|fl?-?(?:istampa|immaġni)",
  nl: '(?:een |de |het )?(?:afbeelding|foto|beeld|plaatje) (?:van|toont|met|waarop)|op de (?:afbeelding|foto)',
  nn: '(?:eit |ein )?(?:bilete|biletet|foto|fotoet|fotografi) (?:av|viser|syner|med)|på (?:biletet|fotoet)',
  no: '(?:et |en )?(?:bilde|bildet|foto|fotoet|fotografi) (?:av|viser|med)|på (?:bildet|fotoet)',
  oc: "(?:un |una |l['’]|la )?(?:imatge|fòto|fotografia) (?:de|d['’]|del|dels|que|mòstra)|sus la (?:fòto|fotografia)|sus l['’]imatge",
  pl: '(?:zdjęcie|fotografia)|(?:obraz|obrazek) (?:przedstawia|przedstawiający|pokazuje|ukazuje)|na (?:zdjęciu|obrazku|fotografii)',
  pt: '(?:uma |a )?(?:imagem|foto|fotografia) (?:de|do|da|dos|das|que|mostra)|na (?:imagem|foto|fotografia)',
  ro: '(?:o |imaginea |fotografia )?(?:imagine|fotografie|poză) (?:cu|a|care|de)|(?:imaginea|fotografia) (?:arată|prezintă|unui|unei)|în (?:imagine|fotografie|poză)',
  ru: '(?:фотография|фото|снимок)|(?:изображение|картинка) (?:с|показывает|на)|на (?:фото|фотографии|картинке|изображении|снимке)',
  sh: '(?:fotografija|fotka)|slika (?:prikazuje|na kojoj|s|sa)|na (?:slici|fotografiji|fotki)',
  sk: '(?:fotografia|fotka|snímka)|obrázok (?:s|so|zobrazuje|ukazuje|znázorňuje)|na (?:fotografii|fotke|obrázku|snímke)',
  sl: '(?:fotografija)|slika (?:prikazuje|kaže|s|z)|na (?:sliki|fotografiji)',
  sr: '(?:фотографија|фотка)|слика (?:приказује|на којој|са|с)|на (?:слици|фотографији)',
  sv: '(?:en |ett )?(?:bild|bilden|foto|fotot|fotografi) (?:av|på|visar|med|som)|på (?:bilden|fotot)',
  uk: '(?:фотографія|фото|світлина|знімок)|(?:зображення|картинка) (?:з|показує|на)|на (?:фото|фотографії|світлині|зображенні|картинці)',
};
