import { checkModelId } from './home-folders.js';
import { modelIdOf, packageIdOf, repositoryOf } from './model-names.js';

const INVALID = expect.objectContaining({ code: 'INVALID_PARAMETER' }) as Error;

describe('repositoryOf', () => {
  it.each([
    ['7b-vision', 'BSC-LT/salamandra-7b-vision'],
    ['7B-Vision', 'BSC-LT/salamandra-7b-vision'],
    ['2b', 'BSC-LT/salamandra-2b-instruct'],
    ['2b-base', 'BSC-LT/salamandra-2b'],
    ['40b', 'BSC-LT/ALIA-40b-instruct'],
    ['vl-7b', 'BSC-LT/Salamandra-VL-7B-2512'],
    ['llava-onevision-0.5b', 'llava-hf/llava-onevision-qwen2-0.5b-ov-hf'],
    ['llava-onevision-7b', 'llava-hf/llava-onevision-qwen2-7b-ov-hf'],
    ['eurovlm-1.7b', 'utter-project/EuroVLM-1.7B-Preview'],
    ['EuroVLM-9B', 'utter-project/EuroVLM-9B-Preview'],
    ['villanova-2b-vl', 'VillanovaAI/Villanova-2B-VL-2603'],
    ['salamandra-7b-instruct-gptq', 'BSC-LT/salamandra-7b-instruct-gptq'],
    ['ALIA-40b', 'BSC-LT/ALIA-40b'],
    ['someone/salamandra-2b', 'someone/salamandra-2b'],
    ['salamandra/2b', 'salamandra/2b'],
  ])('reads %s as %s', (name, repository) => {
    expect(repositoryOf(name)).toBe(repository);
  });

  it.each([
    '',
    'demo',
    'a/b/c',
    '/a',
    'a/',
    '../a',
    'a/..',
    'a/b..c',
    'a b/c',
    'a/b?c',
    'a/\u00e9',
  ])('rejects %j', (name) => {
    expect(() => repositoryOf(name)).toThrow(INVALID);
  });
});

describe('packageIdOf', () => {
  it.each([
    ['BSC-LT/salamandra-7b-vision', 'salamandra-7b-vision'],
    ['BSC-LT/ALIA-40b', 'alia-40b'],
    ['Someone/Salamandra-7b-vision', 'someone--salamandra-7b-vision'],
  ])('calls %s %s', (repository, id) => {
    expect(packageIdOf(repository)).toBe(id);
    expect(checkModelId(id)).toBe(id);
  });

  it('shortens long names and keeps them unique', () => {
    const ids = ['a', 'b'].map((end) => packageIdOf(`owner/${'x'.repeat(90)}${end}`));

    expect(ids.map((id) => checkModelId(id).length)).toEqual([63, 63]);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('rejects invalid repository names', () => {
    expect(() => packageIdOf('salamandra-2b')).toThrow(INVALID);
  });
});

describe('modelIdOf', () => {
  it.each([
    ['demo', 'demo'],
    ['my-model', 'my-model'],
    ['7b-vision', 'salamandra-7b-vision'],
    ['BSC-LT/salamandra-2b', 'salamandra-2b'],
    ['Salamandra-2b', 'salamandra-2b'],
  ])('takes %s for %s', (name, id) => {
    expect(modelIdOf(name)).toBe(id);
  });
});
