import { type JsonObject, checkObject, checkString } from '../../package/json-fields.js';
import { checkingFile, invalidCheckpoint } from '../../package/invalid-model.js';

/** A chat template (Jinja) and the file that contains it. */
export interface ChatTemplateFile {
  readonly source: string;
  readonly file: string;
}

/** The files that may contain a chat template. */
export interface ChatTemplateSources {
  /** chat_template.jinja. */
  readonly jinja: Uint8Array | undefined;
  /** Templates in the folder additional_chat_templates, by name. */
  readonly additional: ReadonlyMap<string, Uint8Array>;
  /** chat_template.json, of older processors. */
  readonly legacy: JsonObject;
  readonly processorConfig: JsonObject;
  readonly tokenizerConfig: JsonObject;
}

/** Templates of one file by name. A single template is named `default`. */
type NamedTemplates = ReadonlyMap<string, string>;

const ADDITIONAL_FOLDER = 'additional_chat_templates';
const MAX_TEMPLATE_LENGTH = 256 << 10;

/**
 * Finds the chat template in the order of transformers: for vision models that of `AutoProcessor`, for text models that
 * of `AutoTokenizer`. Where several templates have names, the one named `default` is used.
 *
 * @returns null if the checkpoint has no template (base models)
 * @throws MODEL_INVALID if there are several templates and none is named `default`
 */
export function findChatTemplate(
  { jinja, additional, legacy, processorConfig, tokenizerConfig }: ChatTemplateSources,
  kind: 'vision' | 'text',
): ChatTemplateFile | null {
  const decode = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const files = new Map([...additional].map(([name, bytes]) => [name, decode(bytes)]));
  if (jinja) files.set('default', decode(jinja));
  const fromFiles: Candidate = { file: 'chat_template.jinja', templates: files };
  const fromJson = (file: string, json: JsonObject): Candidate => ({
    file,
    templates: checkingFile('checkpoint', file, () => parseTemplates(json['chat_template'])),
  });
  const legacyFile = fromJson('chat_template.json', legacy);
  if (kind === 'vision' && legacyFile.templates.size > 0 && additional.size > 0) {
    throw invalidCheckpoint(
      legacyFile.file,
      `the folder ${ADDITIONAL_FOLDER} exists as well. Replace chat_template.json by chat_template.jinja`,
    );
  }
  const inTokenizer = fromJson('tokenizer_config.json', tokenizerConfig);
  const order =
    kind === 'vision'
      ? [fromJson('processor_config.json', processorConfig), legacyFile, fromFiles, inTokenizer]
      : [fromFiles, inTokenizer];
  const found = order.find(({ templates }) => templates.size > 0);
  return found ? chooseDefault(found) : null;
}

interface Candidate {
  readonly file: string;
  readonly templates: NamedTemplates;
}

function chooseDefault({ file, templates }: Candidate): ChatTemplateFile {
  const source = templates.get('default');
  if (source === undefined) {
    throw invalidCheckpoint(
      file,
      `none of the ${templates.size} chat templates is named "default". Name the one to use "default"`,
    );
  }
  checkingFile('checkpoint', file, () =>
    checkString(source, 'the chat template', MAX_TEMPLATE_LENGTH),
  );
  return { source, file };
}

/** A string, a list of `{name, template}`, or an object of templates by name. */
function parseTemplates(value: unknown): NamedTemplates {
  if (value === undefined || value === null) return new Map();
  if (typeof value === 'string') return new Map([['default', value]]);
  const entries = Array.isArray(value)
    ? value.map((item): [string, unknown] => {
        const { name, template } = checkObject(item, 'chat_template[]');
        return [checkString(name, 'chat_template[].name', 128), template];
      })
    : Object.entries(checkObject(value, 'chat_template'));
  return new Map(
    entries.map(([name, template]) => [
      name,
      checkString(template, 'chat_template[].template', MAX_TEMPLATE_LENGTH),
    ]),
  );
}
