import type { Messages } from './en.js';
import { ca as jobs } from './jobs/ca.js';

/** Catalan. Buttons are imperatives to the machine («Copia»); sentences address the reader as «vós». */
export const ca: Messages = {
  header: {
    interfaceLanguage: 'Llengua de la pàgina',
    documentation: 'API',
  },
  service: {
    connecting: 'S’està connectant amb el servei…',
    loading: (step) => `S’està preparant el model: ${step}…`,
    failed: 'No hi ha cap model disponible. Aviseu l’administrador del servei.',
    unreachable:
      'El servei no respon. Potser s’està reiniciant. Aquesta pàgina ho tornarà a provar automàticament.',
    offline: 'Aquest dispositiu no té connexió.',
    ready: 'A punt',
    tryNow: 'Torna-ho a provar ara',
    locked: 'Aquest servei necessita una clau d’API. Demaneu-la a l’administrador del servei.',
    keyLabel: 'Clau d’API',
    useKey: 'Fes servir aquesta clau',
    wrongKey: 'Aquesta clau no és vàlida, o hi ha hagut massa intents.',
    states: {
      connecting: 'S’està connectant…',
      loading: 'S’està preparant…',
      failed: 'Sense model',
      locked: 'Cal una clau',
      unreachable: 'Sense resposta',
    },
    steps: {
      starting: 's’està iniciant',
      restarting: 's’està reiniciant',
      converting: 's’està convertint el checkpoint (només el primer cop)',
      verifying: 's’estan verificant els fitxers',
      loading: 's’està carregant a la memòria',
    },
  },
  demo: {
    label: 'Model de demostració: només dibuixos',
    text: 'Davant d’una fotografia respon a l’atzar.',
    realModel: 'Fes servir el model real',
    realModelCommand:
      'Executeu aquesta ordre al servidor. Baixa 16 GB, ocupa 6,3 GB de disc en int4 i inicia el servei:',
    copyCommand: 'Copia l’ordre',
  },
  tabs: { title: 'Tasques', captions: 'Peus d’imatge', ask: 'Preguntes', jobs: 'Treballs' },
  jobs,
  media: {
    title: 'Imatges i vídeos',
    drop: 'Arrossegueu aquí imatges o vídeos',
    paste: 'o enganxeu-los, o trieu fitxers:',
    choose: 'Tria fitxers',
    add: 'Afegeix fitxers',
    samples: 'Proveu un exemple',
    useSample: (name) => `Fes servir l’exemple ${name}`,
    remove: (name) => `Treu ${name}`,
    clear: 'Treu-ho tot',
    select: (name) => `Mostra ${name}`,
    dropHere: 'Deixeu anar per afegir',
    tooMany: (limit) => `El límit és de ${limit} fitxers. La resta no s’ha afegit.`,
    unknownKind: (name) => `No s’ha afegit ${name}: no és ni una imatge ni un vídeo.`,
    noVideos: (name) => `No s’ha afegit ${name}: el model carregat no admet vídeos.`,
    loading: 'S’està carregant la previsualització…',
    unreadable: 'Ni aquest navegador ni el servei poden llegir aquest fitxer.',
    noPreview: 'No hi ha previsualització. El servei comprovarà si pot llegir aquest fitxer.',
    preview: (name) => `Previsualització de ${name}`,
    frames: 'Fotogrames del vídeo',
    frameAt: (time) => `Fotograma a ${time}`,
  },
  report: {
    title: 'Detalls del processament',
    showTiles: 'Mostra les tessel·les',
    tiles: (tiles) =>
      tiles === 1
        ? '1 tessel·la: la imatge sencera'
        : `${tiles} tessel·les: la imatge sencera i ${tiles - 1} ${tiles === 2 ? 'secció' : 'seccions'}`,
    grid: (rows, columns) => `${rows} × ${columns} tessel·les`,
    frames: (frames, requested) =>
      frames !== requested
        ? `${frames} de ${requested} fotogrames`
        : frames === 1
          ? '1 fotograma'
          : `${frames} fotogrames`,
    tokensTitle: 'Tokens',
    tokens: (used, limit) => `${used} de ${limit} tokens`,
    tokensOfText: (language, texts) =>
      texts === 1 ? `Text: ${language}` : `Text: ${language} (el més llarg de ${texts})`,
    tokensOfAnswer: (language) => `Última resposta: ${language}`,
    tokensPerSegment: 'Mitjana d’un text d’un segment',
    visualTokens: 'Imatge o vídeo',
    textTokens: 'Text del prompt',
    answerTokens: 'Sortida',
    freeTokens: 'Lliures',
    timeTitle: 'Temps',
    mediaDecode: 'Descodificació del fitxer',
    tile: 'Divisió en tessel·les',
    encode: 'Codificador visual',
    prefill: 'Prompt (prefill)',
    decode: 'Sortida (decode)',
    other: 'Espera',
    total: (time) => `${time} en total`,
    model: 'Model',
    precision: 'Precisió',
    blank:
      'Aquesta imatge és buida: només mostra un color uniforme. Els textos no descriuen res del que conté.',
    empty: 'Les tessel·les, els tokens i el temps apareixen aquí després del primer text.',
  },
  languages: {
    title: 'Llengües',
    search: 'Cerca llengües',
    chosen: (count) => (count === 1 ? '1 llengua' : `${count} llengües`),
    all: 'Totes',
    none: 'Cap',
    favorites: 'Preferides',
    favorite: (name) => `Preferida: ${name}`,
    change: 'Canvia les llengües',
    showAll: (count) => `Mostra-les totes (${count})`,
    showFewer: 'Mostra’n menys',
    noMatch: 'No s’ha trobat cap llengua.',
    needOne: 'Trieu almenys una llengua.',
    unknown: 'Les llengües apareixeran aquí quan hi hagi un model a punt.',
    remove: (name) => `Treu ${name}`,
    otherLanguage: 'Pot ser que el text sigui en una altra llengua',
    mixedLanguages: 'Pot ser que una part del text sigui en una altra llengua',
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
    details: { low: 'Baix (1 tessel·la)', auto: 'Automàtic', high: 'Alt (màxim de tessel·les)' },
    granularity: 'Un text per',
    granularities: { whole: 'Vídeo sencer', shot: 'Pla', interval: 'Interval' },
    intervalSeconds: 'Interval (segons)',
    frames: 'Fotogrames per text',
    write: 'Escriu peus d’imatge',
    writeAll: (count) => `Escriu els peus dels ${count} fitxers`,
    stop: 'Atura',
    again: 'Torna a escriure',
    copy: (language) => `Copia ${language}`,
    copied: 'Copiat',
    copyJson: 'Copia com a JSON',
    downloadVtt: (language) => `Baixa el VTT: ${language}`,
    waiting: 'En espera…',
    writing: 'S’està escrivint…',
    stopped: 'Aturat',
    incomplete: 'Incomplet',
    repeated: 'Aturat perquè el text començava a repetir-se',
    remaining: 'Escriu els textos que falten',
    copyAllJson: (count) => `Copia els ${count} fitxers com a JSON`,
    cut: 'Tallat pel límit de llargada',
    empty: 'Afegiu una imatge o un vídeo, trieu llengües i escriviu els peus d’imatge.',
    results: 'Peus d’imatge',
    segment: (start, end) => `de ${start} a ${end}`,
  },
  ask: {
    question: 'Pregunta',
    placeholder: 'Què hi ha a l’esquerra?',
    send: 'Pregunta',
    stop: 'Atura',
    language: 'Llengua de la resposta',
    you: 'Vós',
    model: 'Model',
    edit: 'Edita la pregunta',
    cancelEdit: 'Cancel·la',
    regenerate: 'Una altra resposta',
    seed: 'Llavor',
    temperature: 'Temperatura',
    settings: 'Configuració',
    tokens: 'Mostra les probabilitats dels tokens',
    tokenProbability: (percent) => `${percent} %`,
    candidates: 'Tokens candidats',
    clear: 'Conversa nova',
    empty:
      'Pregunteu sobre les imatges i els vídeos, o sense adjuntar-ne cap. El model recorda la conversa.',
    about: (count) =>
      count === 0
        ? 'Sense imatges ni vídeos'
        : count === 1
          ? 'Sobre 1 fitxer'
          : `Sobre ${count} fitxers`,
    log: 'Conversa',
    copy: 'Copia la resposta',
    editing: 'Si torneu a preguntar, s’esborren els torns posteriors.',
    automatic: 'Automàtic',
    seedIs: (seed) => `Llavor ${seed}`,
    temperatureIs: (temperature) => `Temperatura ${temperature}`,
    tokenBar: 'Tokens (moveu-vos-hi amb les fletxes)',
    candidatesOfPart: (part, parts) => `Tokens candidats, ${part} de ${parts}`,
  },
  upload: {
    progress: (percent) => `S’està pujant: ${percent} %`,
    cancel: 'Cancel·la',
    processing: 'S’està processant…',
  },
  errors: {
    refused: (code) => `El servei comunica l’error ${code}.`,
    offline: 'No es pot connectar amb el servei. Comproveu que està en marxa i torneu-ho a provar.',
    interrupted: 'S’ha perdut la connexió. El text rebut es conserva. Torneu-ho a provar.',
    unknown:
      'Error inesperat. Torneu-ho a provar. Si es repeteix, aviseu l’administrador del servei.',
    retry: 'Torna-ho a provar',
    amounts: {
      pixels: (amount) => `${amount} píxels`,
      side: (amount) => `${amount} píxels per costat`,
      channels: (amount) => `${amount} canals`,
      streams: (amount) => `${amount} pistes`,
      tokens: (amount) => `${amount} tokens`,
      files: (amount) => `${amount} fitxers`,
    },
    limit: (limit) => `límit: ${limit}`,
    range: (least, most) => `permès: de ${least} a ${most}`,
    byCode: {
      UNAUTHENTICATED:
        'El servei demana una clau que aquesta pàgina no té. Contacteu amb qui l’administra.',
      FORBIDDEN: 'El servei no permet aquesta acció. Contacteu amb qui l’administra.',
      NOT_FOUND: 'Ja no existeix, o no ha existit mai. Torneu enrere i recarregueu la pàgina.',
      MEDIA_URL_REJECTED:
        'El servei no baixa fitxers d’aquesta adreça. Feu servir una adreça que permeti qui l’administra.',
      MEDIA_FETCH_FAILED:
        'El servei no ha pogut baixar el fitxer de la seva adreça. Comproveu l’adreça i torneu-ho a provar.',
      REVIEW_CONFLICT:
        'Una altra persona ho ha canviat mentrestant. Recarregueu per veure el canvi.',
      RATE_LIMITED: 'Massa peticions o fitxers alhora. Espereu un moment i torneu-ho a provar.',
      INVALID_REQUEST: 'La petició no és vàlida. Reviseu la configuració i torneu-ho a provar.',
      INVALID_PARAMETER: 'Un paràmetre no és vàlid{facts}. Canvieu-lo i torneu-ho a provar.',
      UNKNOWN_FIELD:
        'Aquesta pàgina i el servei tenen versions diferents. Torneu a carregar la pàgina.',
      MULTIPART_MALFORMED: 'El fitxer ha arribat malmès. Torneu-lo a pujar.',
      CONTEXT_LENGTH_EXCEEDED:
        'L’entrada és massa llarga per al model{facts}. Feu servir menys fitxers o comenceu una conversa nova.',
      REQUEST_TIMEOUT:
        'La pujada ha trigat massa. Torneu-ho a provar o feu servir un fitxer més petit.',
      PAYLOAD_TOO_LARGE: 'El fitxer és massa gros{facts}. Comprimiu-lo o escurceu-lo.',
      TOO_MANY_PARTS: 'Hi ha massa fitxers{facts}. Traieu-ne alguns.',
      UNSUPPORTED_MEDIA_TYPE:
        'Aquest tipus de fitxer no és compatible. Feu servir JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC, JPEG 2000 o un format de vídeo habitual, com ara MP4.',
      UNSUPPORTED_FEATURE:
        'El fitxer fa servir una opció del seu format que no és compatible. Deseu-lo com a JPEG, PNG o TIFF senzill.',
      MEDIA_EMPTY: 'El fitxer és buit. Trieu-ne un altre.',
      MEDIA_CORRUPT: 'El fitxer està malmès o incomplet. Torneu-lo a exportar o trieu-ne un altre.',
      MEDIA_TOO_LARGE:
        'La imatge o el vídeo és massa gran{facts}. Reduïu-ne la mida o escurceu-lo.',
      MEDIA_TOO_EXPENSIVE:
        'Descodificar aquest fitxer requereix massa temps o memòria. Reduïu-ne la mida o escurceu-lo.',
      NO_VIDEO_STREAM: 'Aquest fitxer no conté vídeo. Trieu-ne un altre.',
      UNSUPPORTED_CODEC: 'El còdec de vídeo no és compatible. Convertiu el vídeo a H.264.',
      NO_DECODABLE_FRAME:
        'No s’ha pogut descodificar cap fotograma del vídeo. Convertiu-lo a H.264 o trieu-ne un altre.',
      VIDEO_UNAVAILABLE:
        'El servei no pot llegir vídeos perquè ffmpeg no hi està instal·lat. Aviseu l’administrador.',
      QUEUE_FULL: 'El servei està ocupat. Torneu-ho a provar d’aquí a un moment.',
      SHUTTING_DOWN: 'El servei s’està aturant. Torneu-ho a provar més tard.',
      MODEL_NOT_READY: 'El model encara no està a punt. Torneu-ho a provar d’aquí a un moment.',
      MODEL_INVALID: 'El model del servei no és vàlid. Aviseu l’administrador.',
      MODEL_NOT_FOUND: 'El model del servei no està instal·lat. Aviseu l’administrador.',
      MODEL_LOAD_FAILED: 'El model del servei no es pot carregar. Aviseu l’administrador.',
      DEADLINE_EXCEEDED:
        'La petició ha superat el límit de temps{facts}. Trieu menys llengües o fitxers.',
      STORAGE_FULL:
        'El servei no té espai de disc per a aquest fitxer. Proveu-ho més tard o feu servir un fitxer més petit.',
      STORAGE_UNAVAILABLE:
        'El servei no pot desar fitxers ara mateix. Proveu-ho més tard o contacteu amb qui l’administra.',
    },
  },
};
