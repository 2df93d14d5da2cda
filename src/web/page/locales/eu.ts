import type { Messages } from './en.js';

/** The page in Basque. Buttons and sentences to the reader share the plain imperative; "%" comes before its number. */
export const eu: Messages = {
  header: {
    interfaceLanguage: 'Orri honen hizkuntza',
    documentation: 'API',
  },
  service: {
    connecting: 'Zerbitzuarekin konektatzen…',
    loading: (step) => `Eredua prestatzen ari da: ${step}…`,
    failed: 'Eredua ezin da erabili. Esan zerbitzuaren administratzaileari.',
    unreachable:
      'Zerbitzuak ez du erantzuten. Baliteke berriro abiatzen aritzea; orri honek saiatzen jarraituko du.',
    offline: 'Gailu hau konexiorik gabe dago.',
    ready: 'Prest',
    tryNow: 'Saiatu orain',
    states: {
      connecting: 'Konektatzen…',
      loading: 'Prestatzen…',
      failed: 'Eredurik ez',
      unreachable: 'Ez du erantzuten',
    },
    steps: {
      starting: 'abiatzen',
      restarting: 'berriro abiatzen',
      converting: 'checkpointa bihurtzen, eta lehenengo aldian luze jotzen du',
      verifying: 'fitxategiak egiaztatzen',
      loading: 'memorian kargatzen',
    },
  },
  demo: {
    title: 'Hau demo-eredu txikia da',
    text: 'Marrazki bizidunetako 132 objektu ezagutzen ditu, batetik laura aldi berean, hondo lauen gainean, eta haien izenak 35 hizkuntzatan. Argazki bat erakutsiz gero, horietako batzuk izendatzen ditu, ausaz. Dena nola dabilen erakusten du, ez benetako eredua zein ona den.',
    real: 'Agindu batek benetako eredua deskargatu (16 GB) eta abiarazten du:',
    copyCommand: 'Kopiatu agindua',
    close: 'Ezkutatu ohar hau',
    show: 'Eredu honi buruz',
  },
  tabs: { title: 'Zer egin', captions: 'Irudi-oinak', ask: 'Galdetu' },
  tray: {
    title: 'Irudiak eta bideoak',
    drop: 'Jaregin hemen irudiak edo bideoak',
    paste: 'edo itsatsi, edo aukeratu:',
    choose: 'Aukeratu fitxategiak',
    add: 'Gehitu fitxategiak',
    samples: 'Edo probatu lagin bat',
    useSample: (name) => `Erabili lagina: ${name}`,
    remove: (name) => `Kendu ${name}`,
    clear: 'Kendu denak',
    select: (name) => `Erakutsi ${name}`,
    dropHere: 'Jaregin gehitzeko',
    tooMany: (most) => `Gehienez ${most} fitxategi aldi berean; gainerakoak kanpoan geratu dira.`,
    unknownKind: (name) => `${name} ez da ez irudia ez bideoa.`,
    noPreview:
      'Nabigatzaile honek ezin du formatu hau erakutsi. Zerbitzuak, hala ere, irakurtzen du.',
    preview: (name) => `Aurrebista: ${name}`,
    frames: 'Bideoaren fotogramak',
    frameAt: (time) => `Fotograma, ${time}`,
  },
  seen: {
    title: 'Ereduak ikusi duena',
    showTiles: 'Erakutsi teselak',
    tiles: (tiles) =>
      tiles === 1
        ? 'Tesela 1: irudi osoa'
        : `${tiles} tesela: irudi osoa eta haren ${tiles === 2 ? 'zati bat' : `${tiles - 1} zati`}`,
    grid: (rows, columns) => `${rows} × ${columns} tesela`,
    frames: (frames, wished) =>
      frames !== wished
        ? `${wished} fotogrametatik ${frames}`
        : frames === 1
          ? 'Fotograma 1'
          : `${frames} fotograma`,
    tokens: (used, most) => `${most} tokenetatik ${used}`,
    tokensTitle: 'Tokenak',
    visualTokens: 'Irudia edo bideoa',
    textTokens: 'Testua',
    answerTokens: 'Erantzuna',
    freeTokens: 'Libre',
    timeTitle: 'Denbora',
    decode: 'Fitxategia deskodetzea',
    tile: 'Teselatan moztea',
    encode: 'Ikusmen-kodetzailea',
    prefill: 'Irakurtzea',
    generate: 'Idaztea',
    other: 'Itxarotea',
    total: (time) => `${time} guztira`,
    model: 'Eredua',
    precision: 'Zehaztasuna',
    nothingYet:
      'Irudi-oin edo erantzun baten ondoren, hemen ikusten da irudia nola moztu den eta zenbat kostatu den.',
  },
  languages: {
    title: 'Hizkuntzak',
    search: 'Bilatu hizkuntzak',
    chosen: (count) => (count === 1 ? 'Hizkuntza 1' : `${count} hizkuntza`),
    all: 'Denak',
    none: 'Bat ere ez',
    favourites: 'Gogokoak',
    favourite: (name) => `Gogokoa: ${name}`,
    change: 'Aldatu hizkuntzak',
    noMatch: 'Ez dago izen horretako hizkuntzarik.',
    needOne: 'Aukeratu gutxienez hizkuntza bat.',
    remove: (name) => `Utzi kanpoan ${name}`,
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
      low: 'Txikia: irudi osoa',
      auto: 'Automatikoa',
      high: 'Handia: ereduak ematen duen guztia',
    },
    granularity: 'Bideoetan',
    granularities: {
      programme: 'Bideo osoa',
      shot: 'Planoz plano',
      interval: 'Segundo gutxiro',
    },
    intervalSeconds: 'Segundoak',
    frames: 'Fotogramak',
    write: 'Idatzi irudi-oinak',
    writeAll: (count) => `Idatzi ${count} fitxategien irudi-oinak`,
    stop: 'Gelditu',
    again: 'Idatzi berriro',
    copy: (language) => `Kopiatu ${language}`,
    copied: 'Kopiatuta',
    copyJson: 'Kopiatu dena JSON gisa',
    downloadVtt: (language) => `Deskargatu VTT, ${language}`,
    waiting: 'Itxaroten…',
    writing: 'Idazten…',
    stopped: 'Geldituta',
    broken: 'Amaitu gabe',
    repeated: 'Errepikatzen hasi den tokian amaituta',
    rest: 'Idatzi gainerakoa',
    copyAllJson: (count) => `Kopiatu ${count} fitxategietakoak JSON gisa`,
    cut: 'Luzera-mugan moztuta',
    empty: 'Gehitu irudi edo bideo bat, aukeratu hizkuntzak eta idatzi.',
    results: 'Irudi-oinak',
    segment: (start, end) => `${start} eta ${end} artean`,
  },
  ask: {
    question: 'Galdera',
    placeholder: 'Zer dago ezkerrean?',
    send: 'Galdetu',
    stop: 'Gelditu',
    language: 'Erantzunaren hizkuntza',
    you: 'Zu',
    model: 'Eredua',
    edit: 'Editatu eta galdetu berriro',
    cancelEdit: 'Utzi',
    regenerate: 'Erantzun berriro',
    seed: 'Hazia',
    temperature: 'Tenperatura',
    more: 'Ezarpenak',
    tokens: 'Erakutsi tokenen probabilitateak',
    tokenProbability: (percent) => `% ${percent}`,
    candidates: 'Hautagaiak',
    clear: 'Elkarrizketa berria',
    empty:
      'Galdetu irudiei eta bideoei buruz, edo hitzekin bakarrik. Elkarrizketak gogoan du esandakoa.',
    about: (count) =>
      count === 0
        ? 'Irudirik gabe'
        : count === 1
          ? 'Fitxategi bati buruz'
          : `${count} fitxategiri buruz`,
    log: 'Elkarrizketa',
    copy: 'Kopiatu erantzuna',
    editing: 'Berriro galdetuz gero, ondoren zetorrena galduko da.',
    repeated: 'Errepikatzen hasi den tokian amaituta',
    automatic: 'Automatikoa',
    seedIs: (seed) => `Hazia: ${seed}`,
    temperatureIs: (temperature) => `Tenperatura: ${temperature}`,
    tokenBar: 'Tokenak; gezi-teklek batetik bestera eramaten dute',
    candidatesOfPart: (part, parts) => `Hautagaiak, ${parts} zatitik ${part}.a`,
  },
  upload: {
    progress: (percent) => `Igotzen, % ${percent}`,
    cancel: 'Utzi',
    thinking: 'Begiratzen…',
  },
  errors: {
    offline: 'Ezin izan da zerbitzura iritsi. Egiaztatu martxan dagoela, eta saiatu berriro.',
    interrupted:
      'Konexioa amaitu baino lehen eten da. Iritsitakoa hemen dago oraindik; saiatu berriro.',
    unknown:
      'Huts egin behar ez zuen zerbaitek huts egin du. Saiatu berriro; berriz gertatzen bada, zerbitzuaren erregistroak gehiago dio.',
    retry: 'Saiatu berriro',
    byCode: {
      INVALID_REQUEST: 'Zerbitzuak ez du eskaera hau ulertu. Begiratu ezarpenak.',
      INVALID_PARAMETER: 'Zerbitzuak ez du ezarpenetako bat onartzen. Aldatu, eta saiatu berriro.',
      UNKNOWN_FIELD: 'Orri hau eta zerbitzua bertsio desberdinetakoak dira. Kargatu orria berriro.',
      MULTIPART_MALFORMED: 'Bidalketa hondatuta iritsi da. Bidali berriro.',
      CONTEXT_LENGTH_EXCEEDED:
        'Hau gehiegi da ereduarentzat aldi bakarrean. Erabili fitxategi gutxiago, edo hasi elkarrizketa berri bat.',
      REQUEST_TIMEOUT: 'Igoera motelegia zen. Saiatu berriro, edo erabili fitxategi txikiago bat.',
      PAYLOAD_TOO_LARGE:
        'Fitxategia zerbitzuak onartzen duena baino handiagoa da. Txikitu, edo moztu bideoa.',
      TOO_MANY_PARTS:
        'Zerbitzuak aldi berean hartzen dituenak baino fitxategi gehiago dira. Kendu batzuk.',
      UNSUPPORTED_MEDIA_TYPE:
        'Fitxategi mota hau ezin da irakurri. JPEG, PNG, WebP, GIF, TIFF, AVIF eta ohiko bideo-formatuak bai.',
      MEDIA_EMPTY: 'Fitxategia hutsik dago. Aukeratu beste bat.',
      MEDIA_CORRUPT:
        'Fitxategia hondatuta edo osatu gabe dago. Aukeratu beste bat, edo esportatu berriro.',
      MEDIA_TOO_LARGE: 'Irudiak zerbitzuak onartzen dituenak baino pixel gehiago ditu. Txikitu.',
      MEDIA_TOO_EXPENSIVE:
        'Fitxategi hau irakurtzeak denbora edo memoria gehiegi eskatzen du. Txikitu, edo moztu bideoa.',
      NO_VIDEO_STREAM:
        'Fitxategi honetan ez dago irudi mugikorrik, agian soinua bakarrik. Aukeratu beste bat.',
      UNSUPPORTED_CODEC:
        'Bideoa zerbitzuak irakurtzen ez dakien moduan kodetuta dago. Bihurtu H.264ra.',
      NO_DECODABLE_FRAME:
        'Ezin izan da bideoaren fotogramarik irakurri. Aukeratu beste bat, edo bihurtu H.264ra.',
      VIDEO_UNAVAILABLE:
        'Zerbitzuak irudiak bakarrik irakur ditzake: bideoetarako ffmpeg falta da haren ordenagailuan. Esan administratzaileari.',
      QUEUE_FULL: 'Zerbitzuak har dezakeen lan guztia du. Saiatu berriro laster.',
      SHUTTING_DOWN: 'Zerbitzua gelditzen ari da. Saiatu berriro itzultzen denean.',
      MODEL_NOT_READY: 'Eredua prestatzen ari da oraindik. Saiatu berriro laster.',
      MODEL_INVALID: 'Zerbitzuak ez du erabil dezakeen eredurik. Esan administratzaileari.',
      MODEL_NOT_FOUND: 'Zerbitzuak ez du bere eredua aurkitu. Esan administratzaileari.',
      DEADLINE_EXCEEDED:
        'Zerbitzuak onartzen duena baino gehiago iraun du. Eskatu gutxiago aldi bakoitzean.',
      STORAGE_FULL:
        'Zerbitzuari ez zaio lekurik geratzen fitxategiarentzat. Saiatu geroago, edo erabili txikiago bat.',
    },
  },
};
