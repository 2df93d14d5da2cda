import { checkWeightFormat } from './weight-formats.js';

describe('checkWeightFormat', () => {
  it.each([
    [['config.json', 'model.safetensors']],
    [['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'pytorch_model.bin']],
    [['adapter_config.json', 'model.safetensors', 'model-q4.gguf']],
  ])('accepts %j', (names) => {
    expect(() => checkWeightFormat(names)).not.toThrow();
  });

  it.each([
    ['adapter_model.safetensors', 'LoRA adapter', '--adapter'],
    ['adapter_config.json', 'LoRA adapter', '--adapter'],
    ['model-Q4_K_M.gguf', 'GGUF', 'Use the repository they were made from'],
    ['pytorch_model.bin', 'PyTorch', 'save_pretrained'],
    ['pytorch_model-00001-of-00004.bin', 'PyTorch', '--revision refs/pr/'],
    ['consolidated.00.pth', 'PyTorch', 'save_pretrained'],
    ['model.onnx', 'ONNX', 'Use the repository they were made from'],
    ['tf_model.h5', 'TensorFlow', 'Use safetensors'],
    ['model-00001-of-00002.safetensors', 'index of the shards', 'Download it too'],
    ['onnx/model.onnx', 'ONNX', 'Use the repository they were made from'],
    ['onnx', 'ONNX', 'Use the repository they were made from'],
    ['consolidated.safetensors', 'the names of their authors', 'in the format of Hugging Face'],
    ['diffusion.safetensors', 'the names that transformers writes', 'model.safetensors'],
  ])('refuses a folder with %s alone: %s', (file, problem, remedy) => {
    const check = () => checkWeightFormat(['config.json', 'README.md', file]);
    expect(check).toThrow(`Invalid checkpoint: ${file}: `);
    expect(check).toThrow(problem);
    expect(check).toThrow(remedy);
  });

  it('names an adapter before its base format', () => {
    const names = ['training_args.bin', 'adapter_model.bin', 'adapter_config.json'];
    expect(() => checkWeightFormat(names)).toThrow('LoRA adapter');
  });

  it('refuses a folder without weights, and prints no strange file names', () => {
    expect(() => checkWeightFormat(['config.json', 'a\u001b[31m.gguf'])).toThrow(
      'there are no weights: model.safetensors and model.safetensors.index.json are missing',
    );
  });
});
