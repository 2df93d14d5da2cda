import type { Messages } from './en.js';

/** The page in Catalan. Buttons give orders to the machine («Copia»); the reader is addressed as «vós». */
export const ca: Messages = {
  header: {
    interfaceLanguage: 'Llengua d’aquesta pàgina',
    documentation: 'API',
  },
  service: {
    connecting: 'S’està connectant amb el servei…',
    loading: (step) => `El model s’està preparant: ${step}…`,
    failed: 'El model no es pot fer servir. Aviseu qui administra el servei.',
    unreachable:
      'El servei no respon. Potser s’està reiniciant; aquesta pàgina ho continua provant.',
    offline: 'Aquest dispositiu no té connexió.',
    ready: 'A punt',
    tryNow: 'Prova-ho ara',
    states: {
      connecting: 'S’està connectant…',
      loading: 'S’està preparant…',
      failed: 'Sense model',
      unreachable: 'No respon',
    },
    steps: {
      starting: 's’està engegant',
      restarting: 's’està tornant a engegar',
      converting: 's’està convertint el checkpoint, i el primer cop triga una estona',
      verifying: 'se’n comproven els fitxers',
      loading: 's’està carregant a la memòria',
    },
  },
  demo: {
    title: 'Aquest és el petit model de demostració',
    text: 'Coneix 132 objectes de dibuixos animats, d’un a quatre alhora, sobre fons llisos, i els seus noms en 35 llengües. Davant d’una fotografia n’anomena alguns, a l’atzar. Mostra com funciona tot, no pas com n’és de bo el model real.',
    real: 'Una ordre baixa el model real (16 GB) i l’engega:',
    copyCommand: 'Copia l’ordre',
    close: 'Amaga aquesta nota',
    show: 'Sobre aquest model',
  },
  tabs: { title: 'Què voleu fer', captions: 'Peus d’imatge', ask: 'Preguntes' },
  tray: {
    title: 'Imatges i vídeos',
    drop: 'Deixeu anar aquí imatges o vídeos',
    paste: 'o enganxeu-los, o trieu-los:',
    choose: 'Tria fitxers',
    add: 'Afegeix fitxers',
    samples: 'O proveu una mostra',
    useSample: (name) => `Fes servir la mostra ${name}`,
    remove: (name) => `Treu ${name}`,
    clear: 'Treu-ho tot',
    select: (name) => `Mostra ${name}`,
    dropHere: 'Deixeu anar per afegir',
    tooMany: (most) => `Fins a ${most} fitxers alhora; la resta no s’ha afegit.`,
    unknownKind: (name) => `${name} no és ni una imatge ni un vídeo.`,
    noPreview: 'Aquest navegador no pot mostrar aquest format. El servei el llegeix igualment.',
    preview: (name) => `Previsualització de ${name}`,
    frames: 'Fotogrames del vídeo',
    frameAt: (time) => `Fotograma a ${time}`,
  },
  seen: {
    title: 'Què ha vist el model',
    showTiles: 'Mostra les tessel·les',
    tiles: (tiles) =>
      tiles === 1
        ? '1 tessel·la: la imatge sencera'
        : `${tiles} tessel·les: la imatge sencera i ${tiles - 1} ${tiles === 2 ? 'part' : 'parts'} d’ella`,
    grid: (rows, columns) => `${rows} × ${columns} tessel·les`,
    frames: (frames, wished) =>
      frames !== wished
        ? `${frames} de ${wished} fotogrames`
        : frames === 1
          ? '1 fotograma'
          : `${frames} fotogrames`,
    tokens: (used, most) => `${used} de ${most} tokens`,
    tokensTitle: 'Tokens',
    visualTokens: 'Imatge o vídeo',
    textTokens: 'Text',
    answerTokens: 'Resposta',
    freeTokens: 'Lliures',
    timeTitle: 'Temps',
    decode: 'Descodificar el fitxer',
    tile: 'Tallar en tessel·les',
    encode: 'Codificador visual',
    prefill: 'Llegir',
    generate: 'Escriure',
    other: 'Espera',
    total: (time) => `${time} en total`,
    model: 'Model',
    precision: 'Precisió',
    nothingYet:
      'Després d’un peu d’imatge o d’una resposta, aquí es veu com s’ha tallat la imatge i què ha costat.',
  },
  languages: {
    title: 'Llengües',
    search: 'Cerca llengües',
    chosen: (count) => (count === 1 ? '1 llengua' : `${count} llengües`),
    all: 'Totes',
    none: 'Cap',
    favourites: 'Preferides',
    favourite: (name) => `Preferida: ${name}`,
    change: 'Canvia les llengües',
    noMatch: 'Cap llengua no es diu així.',
    needOne: 'Trieu almenys una llengua.',
    remove: (name) => `Deixa fora ${name}`,
  },
  captions: {
    kind: 'Tipus de text',
    kinds: {
      caption: 'Peu d’imatge',
      alt: 'Text alternatiu',
      long: 'Descripció',
      keywords: 'Paraules clau',
    },
    detail: 'Detall',
    details: {
      low: 'Baix: la imatge sencera',
      auto: 'Automàtic',
      high: 'Alt: tot el que dona el model',
    },
    granularity: 'D’un vídeo',
    granularities: {
      programme: 'El vídeo sencer',
      shot: 'Pla a pla',
      interval: 'Cada pocs segons',
    },
    intervalSeconds: 'Segons',
    frames: 'Fotogrames',
    write: 'Escriu peus d’imatge',
    writeAll: (count) => `Escriu peus d’imatge de tots ${count}`,
    stop: 'Atura',
    again: 'Torna a escriure',
    copy: (language) => `Copia ${language}`,
    copied: 'Copiat',
    copyJson: 'Copia-ho tot com a JSON',
    downloadVtt: (language) => `Baixa el VTT, ${language}`,
    waiting: 'S’està esperant…',
    writing: 'S’està escrivint…',
    stopped: 'Aturat',
    broken: 'Sense acabar',
    repeated: 'Acabat on començava a repetir-se',
    rest: 'Escriu la resta',
    copyAllJson: (count) => `Copia els dels ${count} fitxers com a JSON`,
    cut: 'Tallat al límit de llargada',
    empty: 'Afegiu una imatge o un vídeo, trieu llengües i escriviu.',
    results: 'Peus d’imatge',
    segment: (start, end) => `de ${start} a ${end}`,
  },
  ask: {
    question: 'Pregunta',
    placeholder: 'Què hi ha a l’esquerra?',
    send: 'Pregunta',
    stop: 'Atura',
    language: 'Respon en',
    you: 'Vós',
    model: 'Model',
    edit: 'Edita i torna a preguntar',
    cancelEdit: 'Cancel·la',
    regenerate: 'Torna a respondre',
    seed: 'Llavor',
    temperature: 'Temperatura',
    more: 'Paràmetres',
    tokens: 'Mostra les probabilitats dels tokens',
    tokenProbability: (percent) => `${percent} %`,
    candidates: 'Candidats',
    clear: 'Conversa nova',
    empty:
      'Pregunteu sobre les imatges i els vídeos, o només amb paraules. La conversa recorda el que s’ha dit.',
    about: (count) =>
      count === 0 ? 'Sense imatge' : count === 1 ? 'Sobre 1 fitxer' : `Sobre ${count} fitxers`,
    log: 'Conversa',
    copy: 'Copia la resposta',
    editing: 'Si torneu a preguntar, es perd el que venia després.',
    repeated: 'Acabada on començava a repetir-se',
    automatic: 'Automàtica',
    seedIs: (seed) => `Llavor ${seed}`,
    temperatureIs: (temperature) => `Temperatura ${temperature}`,
    tokenBar: 'Tokens; les fletxes passen de l’un a l’altre',
    candidatesOfPart: (part, parts) => `Candidats, part ${part} de ${parts}`,
  },
  upload: {
    progress: (percent) => `S’està pujant, ${percent} %`,
    cancel: 'Cancel·la',
    thinking: 'S’està mirant…',
  },
  errors: {
    offline: 'No s’ha pogut arribar al servei. Comproveu que està en marxa i torneu-ho a provar.',
    interrupted:
      'La connexió s’ha tallat abans del final. El que havia arribat encara és aquí; torneu-ho a provar.',
    unknown:
      'Ha fallat alguna cosa que no hauria de fallar. Torneu-ho a provar; si es repeteix, el registre del servei en diu més.',
    retry: 'Torna-ho a provar',
    byCode: {
      INVALID_REQUEST: 'El servei no ha entès aquesta petició. Reviseu els paràmetres.',
      INVALID_PARAMETER:
        'El servei no accepta un dels paràmetres. Canvieu-lo i torneu-ho a provar.',
      UNKNOWN_FIELD: 'Aquesta pàgina i el servei són de versions diferents. Recarregueu la pàgina.',
      MULTIPART_MALFORMED: 'L’enviament ha arribat malmès. Torneu-lo a enviar.',
      CONTEXT_LENGTH_EXCEEDED:
        'És més del que cap al model d’un sol cop. Feu servir menys fitxers o comenceu una conversa nova.',
      REQUEST_TIMEOUT:
        'La pujada anava massa lenta. Torneu-ho a provar o feu servir un fitxer més petit.',
      PAYLOAD_TOO_LARGE:
        'El fitxer és més gros del que accepta el servei. Reduïu-lo o retalleu el vídeo.',
      TOO_MANY_PARTS: 'Són més fitxers dels que el servei admet alhora. Traieu-ne alguns.',
      UNSUPPORTED_MEDIA_TYPE:
        'Aquest tipus de fitxer no es pot llegir. Sí JPEG, PNG, WebP, GIF, TIFF, AVIF i els formats de vídeo habituals.',
      MEDIA_EMPTY: 'El fitxer és buit. Trieu-ne un altre.',
      MEDIA_CORRUPT: 'El fitxer està malmès o incomplet. Trieu-ne un altre o torneu-lo a exportar.',
      MEDIA_TOO_LARGE: 'La imatge té més píxels dels que accepta el servei. Reduïu-la.',
      MEDIA_TOO_EXPENSIVE:
        'Llegir aquest fitxer demana massa temps o memòria. Reduïu-lo o retalleu el vídeo.',
      NO_VIDEO_STREAM:
        'En aquest fitxer no hi ha imatge en moviment, potser només so. Trieu-ne un altre.',
      UNSUPPORTED_CODEC:
        'El vídeo està codificat d’una manera que el servei no sap llegir. Convertiu-lo a H.264.',
      NO_DECODABLE_FRAME:
        'No s’ha pogut llegir cap fotograma del vídeo. Trieu-ne un altre o convertiu-lo a H.264.',
      VIDEO_UNAVAILABLE:
        'El servei només pot llegir imatges: per als vídeos falta ffmpeg al seu ordinador. Aviseu qui l’administra.',
      QUEUE_FULL:
        'El servei té tota la feina que pot assumir. Torneu-ho a provar d’aquí a un moment.',
      SHUTTING_DOWN: 'El servei s’està aturant. Torneu-ho a provar quan hagi tornat.',
      MODEL_NOT_READY: 'El model encara s’està preparant. Torneu-ho a provar d’aquí a un moment.',
      MODEL_INVALID: 'El servei no té cap model que pugui fer servir. Aviseu qui l’administra.',
      MODEL_NOT_FOUND: 'El servei no ha trobat el seu model. Aviseu qui l’administra.',
      DEADLINE_EXCEEDED: 'Ha trigat més del que permet el servei. Demaneu menys d’un sol cop.',
      STORAGE_FULL:
        'Al servei no li queda lloc per al fitxer. Proveu-ho més tard o feu servir un fitxer més petit.',
    },
  },
};
