import type { Messages } from './en.js';
import { eu as jobs } from './jobs/eu.js';

/** Basque. Buttons and sentences share the plain imperative; "%" precedes its number. */
export const eu: Messages = {
  header: {
    interfaceLanguage: 'Orriaren hizkuntza',
    documentation: 'APIa',
  },
  service: {
    connecting: 'Zerbitzuarekin konektatzen…',
    loading: (step) => `Eredua prestatzen: ${step}…`,
    failed: 'Ez dago eredurik erabilgarri. Jakinarazi zerbitzuaren administratzaileari.',
    unreachable:
      'Zerbitzuak ez du erantzuten. Agian berrabiarazten ari da. Orri hau automatikoki saiatuko da berriro.',
    offline: 'Gailu hau ez dago sarera konektatuta.',
    ready: 'Prest',
    tryNow: 'Saiatu berriro orain',
    locked: 'Zerbitzu honek API gako bat behar du. Eskatu zerbitzuaren administratzaileari.',
    keyLabel: 'API gakoa',
    useKey: 'Erabili gako hau',
    wrongKey: 'Gako hau ez da baliozkoa, edo saiakera gehiegi egin dira.',
    states: {
      connecting: 'Konektatzen…',
      loading: 'Prestatzen…',
      failed: 'Eredurik ez',
      locked: 'Gakoa behar da',
      unreachable: 'Erantzunik ez',
    },
    steps: {
      starting: 'abiarazten',
      restarting: 'berrabiarazten',
      converting: 'checkpointa bihurtzen (lehen aldian bakarrik)',
      verifying: 'fitxategiak egiaztatzen',
      loading: 'memorian kargatzen',
    },
  },
  demo: {
    label: 'Demo-eredua: marrazkiak bakarrik',
    text: 'Argazkien aurrean, ausaz erantzuten du.',
    realModel: 'Erabili benetako eredua',
    realModelCommand:
      'Exekutatu komando hau zerbitzarian. 16 GB deskargatzen ditu, 6,3 GB hartzen ditu diskoan (int4) eta zerbitzua abiarazten du:',
    copyCommand: 'Kopiatu komandoa',
  },
  tabs: { title: 'Zereginak', captions: 'Irudi-oinak', ask: 'Galderak', jobs: 'Lanak' },
  jobs,
  media: {
    title: 'Irudiak eta bideoak',
    drop: 'Arrastatu irudiak edo bideoak hona',
    paste: 'edo itsatsi, edo aukeratu fitxategiak:',
    choose: 'Aukeratu fitxategiak',
    add: 'Gehitu fitxategiak',
    samples: 'Probatu adibide bat',
    useSample: (name) => `Erabili adibidea: ${name}`,
    remove: (name) => `Kendu ${name}`,
    clear: 'Kendu denak',
    select: (name) => `Erakutsi ${name}`,
    dropHere: 'Jaregin gehitzeko',
    tooMany: (limit) => `Muga ${limit} fitxategi da. Gainerakoak ez dira gehitu.`,
    unknownKind: (name) => `${name} ez da gehitu: ez da irudia, ezta bideoa ere.`,
    noVideos: (name) => `${name} ez da gehitu: kargatutako ereduak ez du bideorik onartzen.`,
    loading: 'Aurrebista kargatzen…',
    unreadable: 'Ez nabigatzaile honek ez zerbitzuak ezin dute fitxategi hau irakurri.',
    noPreview: 'Ez dago aurrebistarik. Zerbitzuak egiaztatuko du fitxategi hau irakur dezakeen.',
    preview: (name) => `Aurrebista: ${name}`,
    frames: 'Bideoaren fotogramak',
    frameAt: (time) => `Fotograma: ${time}`,
  },
  report: {
    title: 'Prozesamenduaren xehetasunak',
    showTiles: 'Erakutsi teselak',
    tiles: (tiles) =>
      tiles === 1
        ? 'Tesela 1: irudi osoa'
        : `${tiles} tesela: irudi osoa eta ${tiles === 2 ? 'atal 1' : `${tiles - 1} atal`}`,
    grid: (rows, columns) => `${rows} × ${columns} tesela`,
    frames: (frames, requested) =>
      frames !== requested
        ? `${requested} fotogramatik ${frames}`
        : frames === 1
          ? 'Fotograma 1'
          : `${frames} fotograma`,
    tokensTitle: 'Tokenak',
    tokens: (used, limit) => `${limit} tokenetik ${used}`,
    tokensOfText: (language, texts) =>
      texts === 1 ? `Testua: ${language}` : `Testua: ${language} (${texts} testuetan luzeena)`,
    tokensOfAnswer: (language) => `Azken erantzuna: ${language}`,
    tokensPerSegment: 'Segmentu bateko testu baten batez bestekoa',
    visualTokens: 'Irudia edo bideoa',
    textTokens: 'Promptaren testua',
    answerTokens: 'Irteera',
    freeTokens: 'Libre',
    timeTitle: 'Denbora',
    mediaDecode: 'Fitxategia deskodetzea',
    tile: 'Teselatan zatitzea',
    encode: 'Ikusmen-kodetzailea',
    prefill: 'Prompta (prefill)',
    decode: 'Irteera (decode)',
    other: 'Itxarotea',
    total: (time) => `${time} guztira`,
    model: 'Eredua',
    precision: 'Doitasuna',
    blank:
      'Irudi hau hutsik dago: kolore uniforme bakarra erakusten du. Testuek ez dute bertako ezer deskribatzen.',
    empty: 'Teselak, tokenak eta denbora hemen agertuko dira lehen testuaren ondoren.',
  },
  languages: {
    title: 'Hizkuntzak',
    search: 'Bilatu hizkuntzak',
    chosen: (count) => (count === 1 ? 'Hizkuntza 1' : `${count} hizkuntza`),
    all: 'Denak',
    none: 'Bat ere ez',
    favorites: 'Gogokoak',
    favorite: (name) => `Gogokoa: ${name}`,
    change: 'Aldatu hizkuntzak',
    showAll: (count) => `Erakutsi ${count}ak`,
    showFewer: 'Erakutsi gutxiago',
    noMatch: 'Ez da hizkuntzarik aurkitu.',
    needOne: 'Aukeratu gutxienez hizkuntza bat.',
    unknown: 'Hizkuntzak hemen agertuko dira eredu bat prest dagoenean.',
    remove: (name) => `Kendu ${name}`,
    otherLanguage: 'Baliteke testua beste hizkuntza batean egotea',
    mixedLanguages: 'Baliteke testuaren zati bat beste hizkuntza batean egotea',
  },
  captions: {
    kind: 'Testu mota',
    kinds: {
      caption: 'Irudi-oina',
      alt: 'Ordezko testua',
      long: 'Deskribapena',
      keywords: 'Gako-hitzak',
    },
    detail: 'Xehetasuna',
    details: {
      low: 'Txikia (tesela 1)',
      auto: 'Automatikoa',
      high: 'Handia (ahalik tesela gehien)',
    },
    granularity: 'Testu kopurua',
    granularities: {
      whole: 'Bat bideo osorako',
      shot: 'Bat plano bakoitzeko',
      interval: 'Bat tarte bakoitzeko',
    },
    intervalSeconds: 'Tartea (segundoak)',
    frames: 'Fotogramak testuko',
    write: 'Idatzi irudi-oinak',
    writeAll: (count) => `Idatzi ${count} fitxategien irudi-oinak`,
    stop: 'Gelditu',
    again: 'Idatzi berriro',
    copy: (language) => `Kopiatu ${language}`,
    copied: 'Kopiatuta',
    copyJson: 'Kopiatu JSON gisa',
    downloadVtt: (language) => `Deskargatu VTT: ${language}`,
    waiting: 'Zain…',
    writing: 'Idazten…',
    stopped: 'Geldituta',
    incomplete: 'Osatu gabe',
    repeated: 'Geldituta, testua errepikatzen hasi delako',
    remaining: 'Idatzi falta diren testuak',
    copyAllJson: (count) => `Kopiatu ${count} fitxategiak JSON gisa`,
    cut: 'Luzera-mugan moztuta',
    empty: 'Gehitu irudi edo bideo bat, aukeratu hizkuntzak eta idatzi irudi-oinak.',
    results: 'Irudi-oinak',
    segment: (start, end) => `${start} – ${end}`,
  },
  ask: {
    question: 'Galdera',
    placeholder: 'Zer dago ezkerrean?',
    send: 'Galdetu',
    stop: 'Gelditu',
    language: 'Erantzunaren hizkuntza',
    you: 'Zu',
    model: 'Eredua',
    edit: 'Editatu galdera',
    cancelEdit: 'Utzi',
    regenerate: 'Beste erantzun bat',
    seed: 'Hazia',
    temperature: 'Tenperatura',
    settings: 'Ezarpenak',
    tokens: 'Erakutsi tokenen probabilitateak',
    tokenProbability: (percent) => `% ${percent}`,
    candidates: 'Token hautagaiak',
    clear: 'Elkarrizketa berria',
    empty: 'Galdetu irudiei eta bideoei buruz, edo halakorik gabe. Ereduak gogoan du elkarrizketa.',
    about: (count) =>
      count === 0
        ? 'Irudi eta bideorik gabe'
        : count === 1
          ? 'Fitxategi bati buruz'
          : `${count} fitxategiri buruz`,
    log: 'Elkarrizketa',
    copy: 'Kopiatu erantzuna',
    editing: 'Berriro galdetuz gero, ondorengo txandak ezabatuko dira.',
    automatic: 'Automatikoa',
    seedIs: (seed) => `Hazia: ${seed}`,
    temperatureIs: (temperature) => `Tenperatura: ${temperature}`,
    tokenBar: 'Tokenak (mugitu gezi-teklekin)',
    candidatesOfPart: (part, parts) => `Token hautagaiak, ${part}/${parts}`,
  },
  upload: {
    progress: (percent) => `Igotzen: % ${percent}`,
    cancel: 'Utzi',
    processing: 'Prozesatzen…',
  },
  errors: {
    refused: (code) => `Zerbitzuak errore hau eman du: ${code}.`,
    offline: 'Ezin da zerbitzuarekin konektatu. Egiaztatu martxan dagoela, eta saiatu berriro.',
    interrupted: 'Konexioa galdu da. Jasotako testua gorde egin da. Saiatu berriro.',
    unknown:
      'Ustekabeko errorea. Saiatu berriro. Berriz gertatzen bada, jakinarazi administratzaileari.',
    retry: 'Saiatu berriro',
    amounts: {
      pixels: (amount) => `${amount} pixel`,
      side: (amount) => `${amount} pixel aldeko`,
      channels: (amount) => `${amount} kanal`,
      streams: (amount) => `${amount} pista`,
      tokens: (amount) => `${amount} token`,
      files: (amount) => `${amount} fitxategi`,
    },
    limit: (limit) => `muga: ${limit}`,
    range: (least, most) => `onartutako tartea: ${least}–${most}`,
    byCode: {
      UNAUTHENTICATED:
        'Zerbitzuak gako bat eskatzen du, eta orri honek ez dauka. Jarri harremanetan administratzailearekin.',
      FORBIDDEN: 'Zerbitzuak ez du hau baimentzen. Jarri harremanetan administratzailearekin.',
      NOT_FOUND: 'Ez da existitzen, edo jada ez dago. Egin atzera eta kargatu orria berriro.',
      MEDIA_URL_REJECTED:
        'Zerbitzuak ez du helbide honetatik fitxategirik jaisten. Erabili administratzaileak baimendutako helbide bat.',
      MEDIA_FETCH_FAILED:
        'Zerbitzuak ezin izan du fitxategia bere helbidetik jaitsi. Egiaztatu helbidea, eta saiatu berriro.',
      REVIEW_CONFLICT:
        'Beste pertsona batek aldatu du bitartean. Kargatu berriro aldaketa ikusteko.',
      RATE_LIMITED:
        'Eskaera edo fitxategi gehiegi aldi berean. Itxaron une bat, eta saiatu berriro.',
      INVALID_REQUEST: 'Eskaera ez da baliozkoa. Berrikusi ezarpenak, eta saiatu berriro.',
      INVALID_PARAMETER: 'Ezarpen bat ez da baliozkoa{facts}. Aldatu, eta saiatu berriro.',
      UNKNOWN_FIELD:
        'Orri honek eta zerbitzuak bertsio desberdinak dituzte. Kargatu orria berriro.',
      MULTIPART_MALFORMED: 'Fitxategia hondatuta iritsi da. Igo berriro.',
      CONTEXT_LENGTH_EXCEEDED:
        'Sarrera luzeegia da ereduarentzat{facts}. Erabili fitxategi gutxiago, edo hasi elkarrizketa berri bat.',
      REQUEST_TIMEOUT:
        'Igoerak gehiegi iraun du. Saiatu berriro, edo erabili fitxategi txikiago bat.',
      PAYLOAD_TOO_LARGE: 'Fitxategia handiegia da{facts}. Konprimitu edo laburtu.',
      TOO_MANY_PARTS: 'Fitxategi gehiegi daude{facts}. Kendu batzuk.',
      UNSUPPORTED_MEDIA_TYPE:
        'Fitxategi mota hau ez da bateragarria. Erabili JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC, JPEG 2000 edo ohiko bideo-formatu bat, hala nola MP4.',
      UNSUPPORTED_FEATURE:
        'Fitxategiak bere formatuko aukera bateraezin bat darabil. Gorde JPEG, PNG edo TIFF arrunt gisa.',
      MEDIA_EMPTY: 'Fitxategia hutsik dago. Aukeratu beste bat.',
      MEDIA_CORRUPT:
        'Fitxategia hondatuta edo osatu gabe dago. Esportatu berriro, edo aukeratu beste bat.',
      MEDIA_TOO_LARGE: 'Irudia edo bideoa handiegia da{facts}. Txikitu edo laburtu.',
      MEDIA_TOO_EXPENSIVE:
        'Fitxategi hau deskodetzeak denbora edo memoria gehiegi behar du. Txikitu edo laburtu.',
      NO_VIDEO_STREAM: 'Fitxategi honek ez du bideorik. Aukeratu beste bat.',
      UNSUPPORTED_CODEC: 'Bideo-kodeka ez da bateragarria. Bihurtu bideoa H.264 formatura.',
      NO_DECODABLE_FRAME:
        'Ezin izan da bideoaren fotogramarik deskodetu. Bihurtu H.264 formatura, edo aukeratu beste bat.',
      VIDEO_UNAVAILABLE:
        'Zerbitzuak ezin du bideorik irakurri, ffmpeg ez dagoelako instalatuta. Jakinarazi administratzaileari.',
      QUEUE_FULL: 'Zerbitzua lanpetuta dago. Saiatu berriro une bat barru.',
      SHUTTING_DOWN: 'Zerbitzua gelditzen ari da. Saiatu geroago.',
      MODEL_NOT_READY: 'Eredua ez dago prest oraindik. Saiatu berriro une bat barru.',
      MODEL_INVALID: 'Zerbitzuaren eredua ez da baliozkoa. Jakinarazi administratzaileari.',
      MODEL_NOT_FOUND: 'Zerbitzuaren eredua ez dago instalatuta. Jakinarazi administratzaileari.',
      MODEL_LOAD_FAILED: 'Zerbitzuaren eredua ezin da kargatu. Jakinarazi administratzaileari.',
      DEADLINE_EXCEEDED:
        'Eskaerak denbora-muga gainditu du{facts}. Aukeratu hizkuntza edo fitxategi gutxiago.',
      STORAGE_FULL:
        'Zerbitzuak ez du diskoan lekurik fitxategi honentzat. Saiatu geroago, edo erabili fitxategi txikiago bat.',
      STORAGE_UNAVAILABLE:
        'Zerbitzuak ezin du fitxategirik gorde une honetan. Saiatu geroago, edo jarri harremanetan administratzailearekin.',
    },
  },
};
