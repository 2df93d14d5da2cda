import type { JobMessages } from './en.js';

const numbers = new Intl.NumberFormat('eu');
const n = (value: number) => numbers.format(value);

/** Basque: see `../eu.ts` for its style. */
export const eu: JobMessages = {
  crumbs: 'Bidea',
  states: {
    active: 'Abian',
    waiting: 'Zain',
    pilot: 'Proba amaituta',
    paused: 'Pausatuta',
    cancelling: 'Bertan behera uzten…',
    cancelled: 'Bertan behera utzita',
    done: 'Amaituta',
    deleting: 'Ezabatzen…',
  },
  duration: {
    seconds: (count) => (count === 1 ? 'segundo 1' : `${n(count)} segundo`),
    minutes: (count) => (count === 1 ? 'minutu 1' : `${n(count)} minutu`),
    hours: (count) => (count === 1 ? 'ordu 1' : `${n(count)} ordu`),
    days: (count) => (count === 1 ? 'egun 1' : `${n(count)} egun`),
  },
  progress: {
    of: (ended, total) => `${n(ended)} / ${n(total)} elementu`,
    listing: (found) => `Iturburua irakurtzen: ${n(found)} elementu orain arte`,
    failed: (count) => `Huts egindakoak: ${n(count)}`,
    skipped: (count) => `Baztertutakoak: ${n(count)}`,
    perHour: (count) => `${n(count)} orduko`,
    left: (time) => `${time} falta dira, gutxi gorabehera`,
  },
  actions: {
    pause: 'Pausatu',
    resume: 'Jarraitu',
    startRest: 'Hasi gainerakoak',
    retry: 'Saiatu berriro huts egindakoekin',
    cancel: 'Utzi lana bertan behera',
    delete: 'Ezabatu lana',
    keep: 'Utzi dagoen bezala',
    confirm: {
      cancel: (name) => `«${name}» bertan behera utzi?`,
      delete: (name) => `«${name}» ezabatu?`,
    },
    consequence: {
      cancel:
        'Falta diren elementuak testurik gabe geratuko dira. Idatzitako testuak gorde egiten dira.',
      delete:
        'Lan honen testu eta berrikuspen guztiak ezabatuko dira. Zure fitxategiak ez dira ukitzen.',
    },
  },
  list: {
    title: 'Lanak',
    create: 'Lan berria',
    empty: 'Oraindik ez dago lanik',
    emptyHint:
      'Lan batek bilduma oso bat deskribatzen du; ondoren, testuak berrikusi eta esportatzen dituzu.',
    created: (time) => `Sortze-data: ${time}`,
    batch: 'OpenAIren sorta',
  },
  create: {
    what: 'Zer deskribatu behar den',
    sources: {
      uploads: 'Ordenagailu honetako fitxategiak',
      folder: 'Zerbitzariko karpeta',
      table: 'Zerbitzariko CSV taula',
      iiif: 'IIIF helbidea',
    },
    locations: {
      folder: 'Karpetaren bidea',
      table: 'Taularen bidea',
      iiif: 'Manifestuaren edo bildumaren helbidea',
    },
    locationHints: {
      folder:
        'Adibidez, /artxiboa/argazkiak. Fitxategiak dauden lekuan irakurtzen dira, eta ez dira inoiz aldatzen.',
      table:
        'Adibidez, /artxiboa/argazkiak.csv: errenkada bat irudi bakoitzeko, bidearen edo URLaren zutabearekin.',
      iiif: 'Adibidez, https://example.org/manifest.json',
    },
    missing: {
      uploads: 'Arrastatu fitxategiak edo aukeratu karpeta bat.',
      folder: 'Idatzi karpetaren bidea.',
      table: 'Idatzi taularen bidea.',
      iiif: 'Idatzi helbidea.',
    },
    name: 'Izena',
    nameHint: 'Aukerakoa. Bestela, lanak iturburuaren izena hartzen du.',
    files: (count) => (count === 1 ? 'Fitxategi 1' : `${n(count)} fitxategi`),
    texts: 'Zein testu',
    pilot: 'Aurretiko proba',
    pilotHint:
      'Lehenik, bilduma osoko elementu batzuk deskribatzen dira. Testuak eta gainerakoak zenbat iraungo duen ikusiko duzu; orduan erabaki.',
    tryFirst: 'Probatu lehenik elementu batzuk',
    pilotItems: 'Probarako elementuak',
    start: (pilot) =>
      pilot === 0 ? 'Hasi' : pilot === 1 ? 'Probatu elementu 1' : `Probatu ${n(pilot)} elementu`,
  },
  files: {
    archives: (count) =>
      count === 1
        ? 'Fitxategi konprimitu 1 kanpoan geratu da. Deskonprimitu, eta arrastatu karpeta.'
        : `${n(count)} fitxategi konprimitu kanpoan geratu dira. Deskonprimitu, eta arrastatu karpetak.`,
    drop: 'Arrastatu hona fitxategiak edo karpetak',
    reading: 'Karpeta irakurtzen…',
    chooseFolder: 'Aukeratu karpeta bat',
    leftOut: (count) =>
      count === 1
        ? 'Fitxategi 1 kanpoan geratu da: ez da irudia, ezta bideoa ere.'
        : `${n(count)} fitxategi kanpoan geratu dira: ez dira irudiak, ezta bideoak ere.`,
  },
  uploads: {
    lost: 'Zerbitzuak ez du erantzuten. Erantzuten duenean, igoerak bere kabuz jarraituko du.',
    missingFiles: (count) =>
      count === 1
        ? 'Fitxategi 1 falta da. Aukeratu berriro, edo aukeratu haren karpeta.'
        : `${n(count)} fitxategi falta dira. Aukeratu berriro, edo aukeratu haien karpeta.`,
    arrived: (count) =>
      count === 1 ? 'Fitxategi 1 iritsi da.' : `${n(count)} fitxategi iritsi dira.`,
    noneMissing: 'Fitxategi hauetako bat ere ez da falta.',
    progress: (sent, total) => `Igotzen: ${n(sent)} / ${n(total)} fitxategi`,
    bytes: (sent, total) => `${sent} / ${total}`,
    failed: (count) => `Igo ezin izan diren fitxategiak: ${n(count)}`,
    stop: 'Gelditu igoera',
    resume: 'Jarraitu igotzen',
    finish: 'Jarraitu falta diren fitxategirik gabe',
    missing:
      'Lan hau fitxategien zain dago. Aukeratu berriro fitxategi edo karpeta berak: iritsitakoak ez dira bi aldiz bidaltzen.',
  },
  pilot: {
    running: (items) =>
      items === 1
        ? 'Aurretiko proba: lehenik elementu 1 deskribatzen da.'
        : `Aurretiko proba: lehenik ${n(items)} elementu deskribatzen dira.`,
    took: (items, time) =>
      items === 1 ? `Elementu 1: ${time}.` : `${n(items)} elementu: ${time}.`,
    failed: (count) => `Huts egindakoak: ${n(count)}.`,
    rest: (items, time) =>
      items === 1
        ? `Falta den elementua: ${time}, gutxi gorabehera.`
        : `Gainerako ${n(items)} elementuak: ${time}, gutxi gorabehera.`,
    hint: 'Irakurri beheko testu batzuk, eta hasi gainerakoak egokiak badira.',
  },
  failures: {
    title: (count) =>
      count === 1 ? 'Elementu 1ek huts egin du' : `${n(count)} elementuk huts egin dute`,
    show: 'Erakutsi elementu hauek',
    skipped: (count) =>
      count === 1
        ? 'Iturburuko sarrera 1 baztertu da'
        : `Iturburuko ${n(count)} sarrera baztertu dira`,
  },
  filters: {
    title: 'Iragazkia',
    choices: {
      all: 'Guztiak',
      unreviewed: 'Berrikusteke',
      partly: 'Hasita',
      reviewed: 'Berrikusita',
      edited: 'Editatuta',
      rejected: 'Baztertuta',
      failed: 'Huts egindakoak',
      person: 'Pertsona batek idatziak',
    },
    count: (count) => n(count),
    search: 'Bilatu testuetan eta erregistroetan',
    flag: 'Arazoa',
    anyFlag: 'Arazoekin edo gabe',
    flagOf: (name, count) => `${name} (${n(count)})`,
    order: 'Ordena',
    byRisk: 'Zalantzazkoenak lehenik',
    byPosition: 'Iturburuaren ordenan',
    changed: 'Aldatutako fitxategiak soilik',
  },
  grid: {
    title: 'Elementuak',
    all: (count) => (count === 1 ? 'Elementu 1' : `${n(count)} elementu`),
    found: (count) => (count === 1 ? 'Elementu 1 aurkitu da' : `${n(count)} elementu aurkitu dira`),
    none: 'Oraindik ez dago elementurik. Aurkitu ahala agertuko dira hemen.',
    noneFound: 'Ez dago bat datorren elementurik. Aukeratu beste iragazki bat.',
    newResults: (count) =>
      count === 1 ? 'Erakutsi emaitza berri 1' : `Erakutsi ${n(count)} emaitza berri`,
  },
  marks: {
    queued: 'Ilaran',
    active: 'Abian',
    failed: 'Huts eginda',
    unreviewed: 'Berrikusteke',
    partly: 'Hasita',
    reviewed: 'Berrikusita',
    accepted: 'Onartuta',
    edited: 'Editatuta',
    rejected: 'Baztertuta',
  },
  flags: {
    blank_picture: 'Irudi hutsa',
    cut_off: 'Moztuta',
    repetition: 'Errepikatu egiten da',
    missing_segments: 'Segmentuak falta dira',
    duplicate: 'Testu bera beste leku batzuetan',
    too_long: 'Luzeegia',
    image_of: '«… irudia» formula du',
    no_full_stop: 'Amaierako punturik gabe',
    wrong_language: 'Hizkuntza okerra',
    unsure: 'Ereduak zalantza du',
  },
  item: {
    previous: 'Aurrekoa',
    next: 'Hurrengoa',
    acceptAll: 'Onartu dena eta jarraitu',
    last: 'Hau da azken elementua.',
    first: 'Hau da lehen elementua.',
    noTexts: 'Oraindik ez dago testurik.',
    failed: 'Elementu hau ezin izan da deskribatu.',
    noPicture: 'Zerbitzuak ez du fitxategi honen aurrebistarik.',
    original: 'Ireki jatorrizkoa',
  },
  record: { title: 'Erregistroa', identifier: 'Identifikatzailea', source: 'Fitxategia' },
  card: {
    draft: 'Makinaren testua',
    newDraft: 'Makinaren testu berria',
    useDraft: 'Editatu testu hau',
    save: 'Gorde',
    discard: 'Baztertu aldaketak',
    unsaved: 'Gorde gabe',
    byMachine: (model) => `Makina batek idatzia (${model}).`,
    decided: {
      unreviewed: (name) => `Berriro irekia: ${name}`,
      accepted: (name) => `Onartua: ${name}`,
      edited: (name) => `Editatua: ${name}`,
      rejected: (name) => `Baztertua: ${name}`,
    },
  },
  decided: {
    accept: (count) => (count === 1 ? 'Testu 1 onartu da.' : `${n(count)} testu onartu dira.`),
    edit: (count) => (count === 1 ? 'Testua gorde da.' : `${n(count)} testu gorde dira.`),
    reject: (count) => (count === 1 ? 'Testu 1 baztertu da.' : `${n(count)} testu baztertu dira.`),
  },
  conflict: {
    title: (name) => `${name} erabiltzaileak testu hau aldatu du, zuk irekita zenuen bitartean.`,
    theirs: 'Oraingo testua',
    mine: 'Zure testua',
    keep: 'Utzi testua dagoen bezala',
    use: 'Erabili zure testua',
  },
  commands: {
    accept: 'Onartu',
    acceptAll: 'Onartu testu guztiak eta joan hurrengo elementura',
    edit: 'Editatu',
    reject: 'Baztertu',
    undo: 'Desegin',
    regenerate: 'Idatzi berriro',
    next: 'Hurrengo elementua',
    previous: 'Aurreko elementua',
    textDown: 'Hurrengo testua',
    textUp: 'Aurreko testua',
    back: 'Itzuli elementuetara',
    help: 'Teklatuko lasterbideak',
  },
  shortcuts: {
    save: 'Gorde testua (editatzean)',
    leave: 'Utzi editatzeari',
    or: 'edo',
    enabled: 'Letra bakarrak lasterbideak dira',
    close: 'Itxi',
  },
  regenerate: {
    title: 'Idatzi berriro elementu hau',
    explanation:
      'Makinak testu berriak idazten ditu. Pertsona batek onartutakoak edo editatutakoak gorde egiten dira.',
    hint: 'Makinarentzako argibidea (aukerakoa)',
    placeholder: 'Azoka bat Gironan, 1930 inguruan',
    queued: 'Elementua ilaran dago. Testu berriak hemen agertuko dira, idatzitakoan.',
  },
  reviewer: {
    title: 'Zure izena',
    name: 'Izena',
    hint: 'Zure erabakiekin batera gordetzen da, lankideek nori galdetu jakin dezaten.',
    cancel: 'Utzi',
    save: 'Gorde',
    as: (name) => `Berrikuslea: ${name}`,
  },
  bulk: {
    accept: 'Onartu erakutsitako guztiak',
    title: 'Erakutsitako testu guztiak onartu?',
    count: (texts, items) => `Berrikusi gabeko testuak: ${n(texts)}. Elementuak: ${n(items)}.`,
    none: 'Hemen ez dago berrikusi gabeko testurik.',
    confirm: (texts) => (texts === 1 ? 'Onartu testu 1' : `Onartu ${n(texts)} testu`),
    done: (texts) => (texts === 1 ? 'Testu 1 onartu da.' : `${n(texts)} testu onartu dira.`),
    undo: 'Desegin',
    undone: (texts) =>
      texts === 1
        ? 'Testu 1 berrikusteke dago berriro.'
        : `${n(texts)} testu berrikusteke daude berriro.`,
  },
  outbox: {
    waiting: (count) =>
      count === 1
        ? 'Erabaki 1 ez dago oraindik zerbitzuan gordeta. Nabigatzaile honetan gordetzen da, eta zerbitzuak erantzutean bidaliko da.'
        : `${n(count)} erabaki ez daude oraindik zerbitzuan gordeta. Nabigatzaile honetan gordetzen dira, eta zerbitzuak erantzutean bidaliko dira.`,
  },
  exchange: {
    rejected: (count) => (count === 1 ? 'Testu 1 baztertuta' : `${n(count)} testu baztertuta`),
    invalid: (count) =>
      count === 1
        ? 'Errenkada 1 ezin izan da irakurri'
        : `${n(count)} errenkada ezin izan dira irakurri`,
    row: (row) => `${row}. errenkada`,
    baseUrl: 'Argitaratutako fitxategien helbidea',
    baseUrlHint:
      'Fitxategiek argitaratuko dituzun helbidearen bidez aipatzen dute elkar, adibidez https://example.org/iiif/',
    export: 'Esportatu',
    import: 'Inportatu',
    exportTitle: (name) => `Esportatu «${name}»`,
    format: 'Formatua',
    uses: {
      csv: 'Kalkulu-orrietarako; berriro inporta daiteke',
      xmp: 'Argazki-programetarako, hala nola Lightroom edo digiKam',
      jsonl: 'Scriptetarako; zerbitzuak dakien guztia',
      iiif: 'Ikustaileetarako: oharrak eta manifestua',
      webvtt: 'Erreproduzigailuetarako: bideoen audiodeskribapena',
      'dublin-core': 'Omeka S-rako',
      atom: 'AtoM-erako',
      html: 'Irakurtzeko eta inprimatzeko',
      imagefolder: 'Ereduak entrenatzeko datu-multzoa',
      coco: 'Ikerketarako datu-multzoa',
    },
    reviewedOnly: 'Berrikusitako testuak soilik',
    filteredOnly: 'Erakutsitako elementuak soilik',
    download: 'Deskargatu',
    importTitle: (name) => `Inportatu «${name}» lanera`,
    importHint:
      'Aukeratu lan honetatik esportatu eta beste nonbait editatutako CSV edo JSON Lines fitxategi bat. Testuak identifikatzailearen bidez lotzen dira.',
    file: 'Fitxategia',
    accepted: (count) => (count === 1 ? 'Testu 1 onartuta' : `${n(count)} testu onartuta`),
    edited: (count) => (count === 1 ? 'Testu 1 aldatuta' : `${n(count)} testu aldatuta`),
    unchanged: (count) => (count === 1 ? 'Testu 1 lehen bezala' : `${n(count)} testu lehen bezala`),
    conflicts: (count) =>
      count === 1
        ? 'Testu 1 ez da inportatu: pertsona batek aldatu du bitartean'
        : `${n(count)} testu ez dira inportatu: pertsona batek aldatu ditu bitartean`,
    unknown: (count) =>
      count === 1
        ? 'Errenkada 1 ez da lan honetako elementu batena'
        : `${n(count)} errenkada ez dira lan honetako elementuenak`,
    left: 'Inportatu ez diren errenkadak',
  },
};
