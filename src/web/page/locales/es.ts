import type { Messages } from './en.js';

/** The page in Spanish. Buttons are infinitives; the reader is addressed as «tú». */
export const es: Messages = {
  header: {
    interfaceLanguage: 'Idioma de esta página',
    documentation: 'API',
  },
  service: {
    connecting: 'Conectando con el servicio…',
    loading: (step) => `El modelo se está preparando: ${step}…`,
    failed: 'El modelo no se puede usar. Avisa a quien administra el servicio.',
    unreachable:
      'El servicio no responde. Puede que se esté reiniciando; esta página lo sigue intentando.',
    offline: 'Este dispositivo no tiene conexión.',
    ready: 'Listo',
    tryNow: 'Probar ahora',
    states: {
      connecting: 'Conectando…',
      loading: 'Preparándose…',
      failed: 'Sin modelo',
      unreachable: 'No responde',
    },
    steps: {
      starting: 'arrancando',
      restarting: 'arrancando de nuevo',
      converting: 'convirtiendo el checkpoint, que la primera vez tarda un rato',
      verifying: 'comprobando sus archivos',
      loading: 'cargándolo en la memoria',
    },
  },
  demo: {
    title: 'Este es el pequeño modelo de demostración',
    text: 'Conoce 132 objetos de dibujos animados, de uno a cuatro a la vez, sobre fondos lisos, y sus nombres en 35 idiomas. Ante una fotografía nombra algunos de ellos, al azar. Muestra cómo funciona todo, no lo bueno que es el modelo real.',
    real: 'Una orden descarga el modelo real (16 GB) y lo pone en marcha:',
    copyCommand: 'Copiar la orden',
    close: 'Ocultar esta nota',
    show: 'Sobre este modelo',
  },
  tabs: { title: 'Qué hacer', captions: 'Pies de imagen', ask: 'Preguntar' },
  tray: {
    title: 'Imágenes y vídeos',
    drop: 'Suelta aquí imágenes o vídeos',
    paste: 'o pégalos, o elígelos:',
    choose: 'Elegir archivos',
    add: 'Añadir archivos',
    samples: 'O prueba con una muestra',
    useSample: (name) => `Usar la muestra ${name}`,
    remove: (name) => `Quitar ${name}`,
    clear: 'Quitar todo',
    select: (name) => `Mostrar ${name}`,
    dropHere: 'Suelta para añadir',
    tooMany: (most) => `Hasta ${most} archivos a la vez; los demás se han dejado fuera.`,
    unknownKind: (name) => `${name} no es ni una imagen ni un vídeo.`,
    noPreview: 'Este navegador no puede mostrar este formato. El servicio lo lee igualmente.',
    preview: (name) => `Vista previa de ${name}`,
    frames: 'Fotogramas del vídeo',
    frameAt: (time) => `Fotograma en ${time}`,
  },
  seen: {
    title: 'Lo que vio el modelo',
    showTiles: 'Mostrar las teselas',
    tiles: (tiles) =>
      tiles === 1
        ? '1 tesela: la imagen entera'
        : `${tiles} teselas: la imagen entera y ${tiles - 1} ${tiles === 2 ? 'parte' : 'partes'} de ella`,
    grid: (rows, columns) => `${rows} × ${columns} teselas`,
    frames: (frames, wished) =>
      frames !== wished
        ? `${frames} de ${wished} fotogramas`
        : frames === 1
          ? '1 fotograma'
          : `${frames} fotogramas`,
    tokens: (used, most) => `${used} de ${most} tokens`,
    tokensTitle: 'Tokens',
    visualTokens: 'Imagen o vídeo',
    textTokens: 'Texto',
    answerTokens: 'Respuesta',
    freeTokens: 'Libres',
    timeTitle: 'Tiempo',
    decode: 'Descodificar el archivo',
    tile: 'Cortar en teselas',
    encode: 'Codificador visual',
    prefill: 'Leer',
    generate: 'Escribir',
    other: 'Espera',
    total: (time) => `${time} en total`,
    model: 'Modelo',
    precision: 'Precisión',
    nothingYet:
      'Tras un pie de imagen o una respuesta, aquí se ve cómo se cortó la imagen y cuánto costó.',
  },
  languages: {
    title: 'Idiomas',
    search: 'Buscar idiomas',
    chosen: (count) => (count === 1 ? '1 idioma' : `${count} idiomas`),
    all: 'Todos',
    none: 'Ninguno',
    favourites: 'Favoritos',
    favourite: (name) => `Favorito: ${name}`,
    change: 'Cambiar los idiomas',
    noMatch: 'Ningún idioma se llama así.',
    needOne: 'Elige al menos un idioma.',
    remove: (name) => `Dejar fuera ${name}`,
  },
  captions: {
    kind: 'Tipo de texto',
    kinds: {
      caption: 'Pie de imagen',
      alt: 'Texto alternativo',
      long: 'Descripción',
      keywords: 'Palabras clave',
    },
    detail: 'Detalle',
    details: {
      low: 'Bajo: la imagen entera',
      auto: 'Automático',
      high: 'Alto: todo lo que da el modelo',
    },
    granularity: 'De un vídeo',
    granularities: {
      programme: 'El vídeo entero',
      shot: 'Plano a plano',
      interval: 'Cada pocos segundos',
    },
    intervalSeconds: 'Segundos',
    frames: 'Fotogramas',
    write: 'Escribir pies de imagen',
    writeAll: (count) => `Escribir pies de imagen de los ${count}`,
    stop: 'Detener',
    again: 'Escribir de nuevo',
    copy: (language) => `Copiar ${language}`,
    copied: 'Copiado',
    copyJson: 'Copiar todo como JSON',
    downloadVtt: (language) => `Descargar VTT, ${language}`,
    waiting: 'Esperando…',
    writing: 'Escribiendo…',
    stopped: 'Detenido',
    broken: 'Sin terminar',
    repeated: 'Terminado donde empezaba a repetirse',
    rest: 'Escribir el resto',
    copyAllJson: (count) => `Copiar los de los ${count} archivos como JSON`,
    cut: 'Cortado en el límite de longitud',
    empty: 'Añade una imagen o un vídeo, elige idiomas y escribe.',
    results: 'Pies de imagen',
    segment: (start, end) => `de ${start} a ${end}`,
  },
  ask: {
    question: 'Pregunta',
    placeholder: '¿Qué hay a la izquierda?',
    send: 'Preguntar',
    stop: 'Detener',
    language: 'Responder en',
    you: 'Tú',
    model: 'Modelo',
    edit: 'Editar y preguntar de nuevo',
    cancelEdit: 'Cancelar',
    regenerate: 'Responder de nuevo',
    seed: 'Semilla',
    temperature: 'Temperatura',
    more: 'Ajustes',
    tokens: 'Mostrar las probabilidades de los tokens',
    tokenProbability: (percent) => `${percent} %`,
    candidates: 'Candidatos',
    clear: 'Conversación nueva',
    empty:
      'Pregunta por las imágenes y los vídeos, o solo con palabras. La conversación recuerda lo dicho.',
    about: (count) =>
      count === 0 ? 'Sin imagen' : count === 1 ? 'Sobre 1 archivo' : `Sobre ${count} archivos`,
    log: 'Conversación',
    copy: 'Copiar la respuesta',
    editing: 'Al preguntar de nuevo se pierde lo que vino después.',
    repeated: 'Terminada donde empezaba a repetirse',
    automatic: 'Automática',
    seedIs: (seed) => `Semilla ${seed}`,
    temperatureIs: (temperature) => `Temperatura ${temperature}`,
    tokenBar: 'Tokens; las flechas pasan de uno a otro',
    candidatesOfPart: (part, parts) => `Candidatos, parte ${part} de ${parts}`,
  },
  upload: {
    progress: (percent) => `Subiendo, ${percent} %`,
    cancel: 'Cancelar',
    thinking: 'Mirando…',
  },
  errors: {
    offline:
      'No se ha podido llegar al servicio. Comprueba que está en marcha e inténtalo de nuevo.',
    interrupted:
      'La conexión se cortó antes del final. Lo que había llegado sigue aquí; inténtalo de nuevo.',
    unknown:
      'Ha fallado algo que no debía. Inténtalo de nuevo; si vuelve a pasar, el registro del servicio dice más.',
    retry: 'Intentar de nuevo',
    byCode: {
      INVALID_REQUEST: 'El servicio no ha entendido esta petición. Revisa los ajustes.',
      INVALID_PARAMETER: 'El servicio no acepta uno de los ajustes. Cámbialo e inténtalo de nuevo.',
      UNKNOWN_FIELD: 'Esta página y el servicio son de versiones distintas. Recarga la página.',
      MULTIPART_MALFORMED: 'El envío ha llegado dañado. Envíalo de nuevo.',
      CONTEXT_LENGTH_EXCEEDED:
        'Es más de lo que le cabe al modelo de una vez. Usa menos archivos o empieza una conversación nueva.',
      REQUEST_TIMEOUT:
        'La subida iba demasiado lenta. Inténtalo de nuevo o usa un archivo más pequeño.',
      PAYLOAD_TOO_LARGE:
        'El archivo es más grande de lo que acepta el servicio. Redúcelo o recorta el vídeo.',
      TOO_MANY_PARTS: 'Son más archivos de los que admite el servicio a la vez. Quita algunos.',
      UNSUPPORTED_MEDIA_TYPE:
        'Este tipo de archivo no se puede leer. Sí JPEG, PNG, WebP, GIF, TIFF, AVIF y los formatos de vídeo habituales.',
      MEDIA_EMPTY: 'El archivo está vacío. Elige otro.',
      MEDIA_CORRUPT: 'El archivo está dañado o incompleto. Elige otro o vuelve a exportarlo.',
      MEDIA_TOO_LARGE: 'La imagen tiene más píxeles de los que acepta el servicio. Redúcela.',
      MEDIA_TOO_EXPENSIVE:
        'Leer este archivo lleva demasiado tiempo o memoria. Redúcelo o recorta el vídeo.',
      NO_VIDEO_STREAM:
        'En este archivo no hay imagen en movimiento, quizá solo sonido. Elige otro.',
      UNSUPPORTED_CODEC:
        'El vídeo está codificado de un modo que el servicio no sabe leer. Conviértelo a H.264.',
      NO_DECODABLE_FRAME:
        'No se ha podido leer ningún fotograma del vídeo. Elige otro o conviértelo a H.264.',
      VIDEO_UNAVAILABLE:
        'El servicio solo puede leer imágenes: para los vídeos falta ffmpeg en su equipo. Avisa a quien lo administra.',
      QUEUE_FULL:
        'El servicio tiene todo el trabajo que puede asumir. Inténtalo dentro de un momento.',
      SHUTTING_DOWN: 'El servicio se está deteniendo. Inténtalo cuando haya vuelto.',
      MODEL_NOT_READY: 'El modelo aún se está preparando. Inténtalo dentro de un momento.',
      MODEL_INVALID: 'El servicio no tiene un modelo que pueda usar. Avisa a quien lo administra.',
      MODEL_NOT_FOUND: 'El servicio no ha encontrado su modelo. Avisa a quien lo administra.',
      DEADLINE_EXCEEDED: 'Ha tardado más de lo que permite el servicio. Pide menos de una vez.',
      STORAGE_FULL:
        'Al servicio no le queda sitio para el archivo. Inténtalo más tarde o usa uno más pequeño.',
    },
  },
};
