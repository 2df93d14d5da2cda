import type { Messages } from './en.js';
import { gl as jobs } from './jobs/gl.js';

/** Galician. Buttons are infinitives; sentences address the reader as «ti». */
export const gl: Messages = {
  header: {
    interfaceLanguage: 'Lingua da páxina',
    documentation: 'API',
  },
  service: {
    connecting: 'Conectando co servizo…',
    loading: (step) => `Preparando o modelo: ${step}…`,
    failed: 'Non hai ningún modelo dispoñible. Avisa a quen administra o servizo.',
    unreachable:
      'O servizo non responde. Pode que se estea a reiniciar. Esta páxina volverá intentalo automaticamente.',
    offline: 'Este dispositivo non ten conexión.',
    ready: 'Listo',
    tryNow: 'Volver tentar agora',
    states: {
      connecting: 'Conectando…',
      loading: 'Preparando…',
      failed: 'Sen modelo',
      unreachable: 'Sen resposta',
    },
    steps: {
      starting: 'iniciando',
      restarting: 'reiniciando',
      converting: 'convertendo o checkpoint (só a primeira vez)',
      verifying: 'verificando os ficheiros',
      loading: 'cargándoo na memoria',
    },
  },
  demo: {
    label: 'Modelo de demostración: só debuxos',
    text: 'Diante dunha fotografía responde ao chou.',
    realModel: 'Usar o modelo real',
    realModelCommand:
      'Executa esta orde no servidor. Descarga 16 GB, ocupa 6,3 GB de disco en int4 e inicia o servizo:',
    copyCommand: 'Copiar a orde',
  },
  tabs: { title: 'Tarefas', captions: 'Pés de imaxe', ask: 'Preguntas', jobs: 'Traballos' },
  jobs,
  media: {
    title: 'Imaxes e vídeos',
    drop: 'Arrastra aquí imaxes ou vídeos',
    paste: 'ou pégaos, ou escolle ficheiros:',
    choose: 'Escoller ficheiros',
    add: 'Engadir ficheiros',
    samples: 'Probar cun exemplo',
    useSample: (name) => `Usar o exemplo ${name}`,
    remove: (name) => `Retirar ${name}`,
    clear: 'Retirar todo',
    select: (name) => `Amosar ${name}`,
    dropHere: 'Solta para engadir',
    tooMany: (limit) => `O límite é de ${limit} ficheiros. Os demais non se engadiron.`,
    unknownKind: (name) => `Non se engadiu ${name}: non é unha imaxe nin un vídeo.`,
    noVideos: (name) => `Non se engadiu ${name}: o modelo cargado non admite vídeos.`,
    loading: 'Cargando a vista previa…',
    unreadable: 'Nin este navegador nin o servizo poden ler este ficheiro.',
    noPreview: 'Vista previa non dispoñible. O servizo comprobará se pode ler este ficheiro.',
    preview: (name) => `Vista previa de ${name}`,
    frames: 'Fotogramas do vídeo',
    frameAt: (time) => `Fotograma en ${time}`,
  },
  report: {
    title: 'Detalles do procesamento',
    showTiles: 'Amosar as teselas',
    tiles: (tiles) =>
      tiles === 1
        ? '1 tesela: a imaxe completa'
        : `${tiles} teselas: a imaxe completa e ${tiles - 1} ${tiles === 2 ? 'sección' : 'seccións'}`,
    grid: (rows, columns) => `${rows} × ${columns} teselas`,
    frames: (frames, requested) =>
      frames !== requested
        ? `${frames} de ${requested} fotogramas`
        : frames === 1
          ? '1 fotograma'
          : `${frames} fotogramas`,
    tokensTitle: 'Tokens',
    tokens: (used, limit) => `${used} de ${limit} tokens`,
    tokensOfText: (language, texts) =>
      texts === 1 ? `Texto: ${language}` : `Texto: ${language} (o maior de ${texts})`,
    tokensOfAnswer: (language) => `Última resposta: ${language}`,
    tokensPerSegment: 'Media dun texto dun segmento',
    visualTokens: 'Imaxe ou vídeo',
    textTokens: 'Texto do prompt',
    answerTokens: 'Saída',
    freeTokens: 'Libres',
    timeTitle: 'Tempo',
    mediaDecode: 'Descodificación do ficheiro',
    tile: 'División en teselas',
    encode: 'Codificador visual',
    prefill: 'Prompt (prefill)',
    decode: 'Saída (decode)',
    other: 'Espera',
    total: (time) => `${time} en total`,
    model: 'Modelo',
    precision: 'Precisión',
    blank:
      'Esta imaxe está baleira: só amosa unha cor uniforme. Os textos non describen nada do seu contido.',
    empty: 'As teselas, os tokens e o tempo aparecen aquí despois do primeiro texto.',
  },
  languages: {
    title: 'Linguas',
    search: 'Buscar linguas',
    chosen: (count) => (count === 1 ? '1 lingua' : `${count} linguas`),
    all: 'Todas',
    none: 'Ningunha',
    favorites: 'Favoritas',
    favorite: (name) => `Favorita: ${name}`,
    change: 'Cambiar as linguas',
    showAll: (count) => `Amosar as ${count}`,
    showFewer: 'Amosar menos',
    noMatch: 'Non se atopou ningunha lingua.',
    needOne: 'Escolle polo menos unha lingua.',
    unknown: 'As linguas aparecerán aquí cando haxa un modelo listo.',
    remove: (name) => `Retirar ${name}`,
  },
  captions: {
    kind: 'Tipo de texto',
    kinds: {
      caption: 'Pé de imaxe',
      alt: 'Texto alternativo',
      long: 'Descrición',
      keywords: 'Palabras clave',
    },
    detail: 'Detalle',
    details: { low: 'Baixo (1 tesela)', auto: 'Automático', high: 'Alto (máximo de teselas)' },
    granularity: 'Un texto por',
    granularities: { whole: 'Vídeo completo', shot: 'Plano', interval: 'Intervalo' },
    intervalSeconds: 'Intervalo (segundos)',
    frames: 'Fotogramas por texto',
    write: 'Escribir pés de imaxe',
    writeAll: (count) => `Escribir os pés dos ${count} ficheiros`,
    stop: 'Deter',
    again: 'Escribir de novo',
    copy: (language) => `Copiar ${language}`,
    copied: 'Copiado',
    copyJson: 'Copiar como JSON',
    downloadVtt: (language) => `Descargar VTT: ${language}`,
    waiting: 'En espera…',
    writing: 'Escribindo…',
    stopped: 'Detido',
    incomplete: 'Incompleto',
    repeated: 'Detido porque o texto comezaba a repetirse',
    remaining: 'Escribir os textos que faltan',
    copyAllJson: (count) => `Copiar os ${count} ficheiros como JSON`,
    cut: 'Cortado polo límite de lonxitude',
    empty: 'Engade unha imaxe ou un vídeo, escolle linguas e escribe os pés de imaxe.',
    results: 'Pés de imaxe',
    segment: (start, end) => `de ${start} a ${end}`,
  },
  ask: {
    question: 'Pregunta',
    placeholder: 'Que hai á esquerda?',
    send: 'Preguntar',
    stop: 'Deter',
    language: 'Lingua da resposta',
    you: 'Ti',
    model: 'Modelo',
    edit: 'Editar a pregunta',
    cancelEdit: 'Cancelar',
    regenerate: 'Outra resposta',
    seed: 'Semente',
    temperature: 'Temperatura',
    settings: 'Axustes',
    tokens: 'Amosar as probabilidades dos tokens',
    tokenProbability: (percent) => `${percent} %`,
    candidates: 'Tokens candidatos',
    clear: 'Nova conversa',
    empty: 'Pregunta sobre as imaxes e os vídeos, ou sen eles. O modelo lembra a conversa.',
    about: (count) =>
      count === 0
        ? 'Sen imaxes nin vídeos'
        : count === 1
          ? 'Sobre 1 ficheiro'
          : `Sobre ${count} ficheiros`,
    log: 'Conversa',
    copy: 'Copiar a resposta',
    editing: 'Se preguntas de novo, bórranse as quendas posteriores.',
    automatic: 'Automático',
    seedIs: (seed) => `Semente ${seed}`,
    temperatureIs: (temperature) => `Temperatura ${temperature}`,
    tokenBar: 'Tokens (móvete coas frechas)',
    candidatesOfPart: (part, parts) => `Tokens candidatos, ${part} de ${parts}`,
  },
  upload: {
    progress: (percent) => `Subindo: ${percent} %`,
    cancel: 'Cancelar',
    processing: 'Procesando…',
  },
  errors: {
    refused: (code) => `O servizo comunica o erro ${code}.`,
    offline: 'Non se pode conectar co servizo. Comproba que está en marcha e téntao de novo.',
    interrupted: 'Perdeuse a conexión. O texto recibido consérvase. Téntao de novo.',
    unknown: 'Erro inesperado. Téntao de novo. Se se repite, avisa a quen administra o servizo.',
    retry: 'Tentar de novo',
    amounts: {
      pixels: (amount) => `${amount} píxeles`,
      side: (amount) => `${amount} píxeles por lado`,
      channels: (amount) => `${amount} canles`,
      streams: (amount) => `${amount} pistas`,
      tokens: (amount) => `${amount} tokens`,
      files: (amount) => `${amount} ficheiros`,
    },
    limit: (limit) => `límite: ${limit}`,
    range: (least, most) => `permitido: de ${least} a ${most}`,
    byCode: {
      UNAUTHENTICATED:
        'O servizo pide unha clave que esta páxina non ten. Contacta con quen o administra.',
      FORBIDDEN: 'O servizo non permite esta acción. Contacta con quen o administra.',
      NOT_FOUND: 'Xa non existe, ou non existiu nunca. Volve atrás e recarga a páxina.',
      MEDIA_URL_REJECTED:
        'O servizo non descarga ficheiros deste enderezo. Usa un enderezo que permita quen o administra.',
      MEDIA_FETCH_FAILED:
        'O servizo non puido descargar o ficheiro do seu enderezo. Comproba o enderezo e téntao de novo.',
      REVIEW_CONFLICT: 'Outra persoa cambiouno mentres tanto. Recarga para ver o cambio.',
      RATE_LIMITED: 'Demasiadas peticións ou ficheiros á vez. Agarda un momento e téntao de novo.',
      INVALID_REQUEST: 'A petición non é válida. Revisa os axustes e téntao de novo.',
      INVALID_PARAMETER: 'Un axuste non é válido{facts}. Cámbiao e téntao de novo.',
      UNKNOWN_FIELD: 'Esta páxina e o servizo teñen versións distintas. Volve cargar a páxina.',
      MULTIPART_MALFORMED: 'O ficheiro chegou danado. Súbeo de novo.',
      CONTEXT_LENGTH_EXCEEDED:
        'A entrada é demasiado longa para o modelo{facts}. Usa menos ficheiros ou comeza unha conversa nova.',
      REQUEST_TIMEOUT: 'A subida tardou demasiado. Téntao de novo ou usa un ficheiro máis pequeno.',
      PAYLOAD_TOO_LARGE: 'O ficheiro é demasiado grande{facts}. Comprímeo ou acúrtao.',
      TOO_MANY_PARTS: 'Hai demasiados ficheiros{facts}. Retira algúns.',
      UNSUPPORTED_MEDIA_TYPE:
        'Este tipo de ficheiro non é compatible. Usa JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC, JPEG 2000 ou un formato de vídeo habitual, como MP4.',
      UNSUPPORTED_FEATURE:
        'O ficheiro usa unha opción do seu formato que non é compatible. Gárdao como JPEG, PNG ou TIFF sinxelo.',
      MEDIA_EMPTY: 'O ficheiro está baleiro. Escolle outro.',
      MEDIA_CORRUPT: 'O ficheiro está danado ou incompleto. Expórtao de novo ou escolle outro.',
      MEDIA_TOO_LARGE:
        'A imaxe ou o vídeo é demasiado grande{facts}. Reduce o seu tamaño ou acúrtao.',
      MEDIA_TOO_EXPENSIVE:
        'Descodificar este ficheiro require demasiado tempo ou memoria. Reduce o seu tamaño ou acúrtao.',
      NO_VIDEO_STREAM: 'Este ficheiro non contén vídeo. Escolle outro.',
      UNSUPPORTED_CODEC: 'O códec de vídeo non é compatible. Converte o vídeo a H.264.',
      NO_DECODABLE_FRAME:
        'Non se puido descodificar ningún fotograma do vídeo. Convérteo a H.264 ou escolle outro.',
      VIDEO_UNAVAILABLE:
        'O servizo non pode ler vídeos porque ffmpeg non está instalado. Avisa a quen o administra.',
      QUEUE_FULL: 'O servizo está ocupado. Téntao de novo nun momento.',
      SHUTTING_DOWN: 'O servizo estase a deter. Téntao máis tarde.',
      MODEL_NOT_READY: 'O modelo aínda non está listo. Téntao de novo nun momento.',
      MODEL_INVALID: 'O modelo do servizo non é válido. Avisa a quen o administra.',
      MODEL_NOT_FOUND: 'O modelo do servizo non está instalado. Avisa a quen o administra.',
      MODEL_LOAD_FAILED: 'O modelo do servizo non se pode cargar. Avisa a quen o administra.',
      DEADLINE_EXCEEDED:
        'A petición superou o límite de tempo{facts}. Escolle menos linguas ou ficheiros.',
      STORAGE_FULL:
        'O servizo non ten espazo en disco para este ficheiro. Téntao máis tarde ou usa un ficheiro máis pequeno.',
      STORAGE_UNAVAILABLE:
        'O servizo non pode gardar ficheiros neste momento. Téntao máis tarde ou contacta con quen o administra.',
    },
  },
};
