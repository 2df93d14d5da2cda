"""The JSON files and the chat template of a variant's checkpoint, as each generation of transformers names and nests
them."""

import json

from checkpoints import TOWERS, config_json, pinpoints
from storages import quantization_config
from tiny_tokenizers import BOS, EOS, PAD, tokenizer_files
from transformers.image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD
from variants import Variant

HALF = [0.5, 0.5, 0.5]
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image>\n' }}"
    "{% elif part['type'] == 'video' %}{{ '<video>\n' }}{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
VICUNA = (
    "{% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() + ': ' }}{% endif %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ part['text'] + ' ' }}{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
TEMPLATES = {"chatml": CHATML, "vicuna": VICUNA, "bos": "{{ bos_token }}" + CHATML}
PROCESSOR_CLASSES = {
    "onevision": "LlavaOnevisionProcessor", "next": "LlavaNextProcessor", "llava": "LlavaProcessor",
}  # fmt: skip


def image_processor(variant: Variant) -> dict:
    side, square = TOWERS[variant.tower]["image_size"], variant.tower != "clip"
    tile = {"height": side, "width": side}
    mean, std = (HALF, HALF) if square else (OPENAI_CLIP_MEAN, OPENAI_CLIP_STD)
    one = {
        "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": mean,
        "image_std": std, "resample": 3, "rescale_factor": 1 / 255,
    }
    if variant.layout == "onevision":
        one |= {
            "image_processor_type": "LlavaOnevisionImageProcessor", "do_pad": True, "size": tile,
            "image_grid_pinpoints": pinpoints(variant),
        }
    elif variant.layout == "next":
        one |= {
            "image_processor_type": "LlavaNextImageProcessor", "do_pad": True, "do_center_crop": True,
            "size": {"shortest_edge": side}, "crop_size": tile, "image_grid_pinpoints": pinpoints(variant),
        }
    elif square and variant.processor == "own":
        one |= {"image_processor_type": "SiglipImageProcessor", "size": tile}
    else:
        one |= {
            "image_processor_type": "CLIPImageProcessor", "do_center_crop": True, "size": {"shortest_edge": side},
            "crop_size": tile,
        }
    return one | image_changes(variant, one, side)


def image_changes(variant: Variant, one: dict, side: int) -> dict:
    tile = {"height": side, "width": side}
    match variant.processor:
        case "clip-values":
            return {"image_mean": OPENAI_CLIP_MEAN, "image_std": OPENAI_CLIP_STD}
        case "shortest-edge":
            return {"size": {"shortest_edge": side}}
        case "size" | "squash":
            return {"size": tile, "do_center_crop": False}
        case "pad":
            return {"image_processor_type": "LlavaImageProcessor", "do_pad": True}
        case "rescale":
            return {"rescale_factor": 1 / 127.5, "image_mean": [1.0, 0.9, 0.8], "image_std": [1.0, 1.1, 0.9]}
        case "image-defaults":
            for field in ["image_mean", "image_std", "rescale_factor", "resample", "do_convert_rgb", "do_pad"]:
                one.pop(field, None)
    return {}


def video_processor(variant: Variant) -> dict:
    shared = {
        "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "do_sample_frames": False,
        "image_mean": HALF, "image_std": HALF, "resample": 3, "rescale_factor": 1 / 255, "return_metadata": False,
        "video_processor_type": "LlavaOnevisionVideoProcessor",
    }  # fmt: skip
    side = TOWERS[variant.tower]["image_size"]
    shared["size"] = {"height": side, "width": side}
    if variant.processor == "video":
        shared |= {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.7, 0.6, 0.5]}
    if variant.processor == "video-defaults":
        for field in ["image_mean", "image_std", "rescale_factor", "resample"]:
            shared.pop(field)
    return shared


def processor(variant: Variant) -> dict:
    side, patch = (TOWERS[variant.tower][field] for field in ("image_size", "patch_size"))
    has_class_token = variant.tower == "clip"
    strategy = variant.strategy or ("full" if variant.layout == "onevision" else "default")
    one = {
        "image_token": "<image>", "processor_class": PROCESSOR_CLASSES[variant.layout],
        "vision_feature_select_strategy": strategy,
    }
    if variant.layout == "onevision":
        count = (side // patch) ** 2 + has_class_token
        ratio = variant.config.get("vision_aspect_ratio", "anyres_max_9")
        return one | {"num_image_tokens": count, "video_token": "<video>", "vision_aspect_ratio": ratio}
    return one | {"patch_size": patch, "num_additional_image_tokens": int(has_class_token)}


def checkpoint_files(variant: Variant, config) -> dict[str, str]:
    """Text by file name, without the weights."""
    files: dict[str, dict] = {"config.json": config_json(variant, config)}
    quantization = quantization_config(variant)
    if quantization:
        files["config.json"]["quantization_config"] = quantization
    if "no generation config" not in variant.edits:
        files["generation_config.json"] = {"bos_token_id": BOS, "eos_token_id": [EOS, 5], "pad_token_id": PAD}
        if "no end token" in variant.edits:
            files["generation_config.json"].pop("eos_token_id")
    files |= tokenizer_files(variant.tokenizer)
    if variant.layout != "text":
        files |= processor_files(variant)
    texts: dict[str, str] = {}
    place_template(variant, files, texts)
    texts |= {name: json.dumps(content, indent=1, ensure_ascii=False) + "\n" for name, content in files.items()}
    if "other media tokens" in variant.edits:
        for name in texts:
            texts[name] = texts[name].replace("<image>", "<|picture|>").replace("<video>", "<|clip|>")
    return texts


def processor_files(variant: Variant) -> dict[str, dict]:
    image, whole = image_processor(variant), processor(variant)
    has_video = variant.layout == "onevision"
    if variant.generation.startswith("5"):
        whole["image_processor"] = image
        if has_video:
            whole["video_processor"] = video_processor(variant)
        return {"processor_config.json": whole}
    image["processor_class"] = whole["processor_class"]
    files = {"processor_config.json": whole, "preprocessor_config.json": image}
    if has_video and variant.generation == "4.57":
        files["video_preprocessor_config.json"] = video_processor(variant)
    return files


def place_template(variant: Variant, files: dict[str, dict], texts: dict[str, str]) -> None:
    template = TEMPLATES[variant.template]
    if "template in tokenizer config" in variant.edits:
        files["tokenizer_config.json"]["chat_template"] = template
    elif "template list" in variant.edits:
        named = [{"name": "tool_use", "template": "{{ 1 / 0 }}"}, {"name": "default", "template": template}]
        files["tokenizer_config.json"]["chat_template"] = named
    elif "template in processor config" in variant.edits:
        files["processor_config.json"]["chat_template"] = template
    elif variant.generation != "4.45":
        texts["chat_template.jinja"] = template
    elif variant.layout == "text":
        files["tokenizer_config.json"]["chat_template"] = template
    else:
        files["chat_template.json"] = {"chat_template": template}
