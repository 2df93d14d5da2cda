"""What is asked about a scene and what is right to answer, in the 35 languages.

Object names: world/objects.json (Unicode CLDR annotations; Occitan by hand). Questions and answer forms:
world/questions.json. Instructions: the table that the service itself uses, src/language/languages.json."""

import json
import random
from pathlib import Path

from scenes import OBJECTS, Scene

HERE = Path(__file__).parent
LANGUAGES = json.loads((HERE / "../../src/language/languages.json").read_text())
BY_CODE = {entry["code"]: entry for entry in LANGUAGES}
CODES = [entry["code"] for entry in LANGUAGES]
FORMS = json.loads((HERE / "world" / "questions.json").read_text())
NAMES = {code: [o["names"][code] for o in OBJECTS] for code in CODES}

KINDS = ["caption", "alt", "long", "keywords", "left", "middle", "right", "count", "exists"]


def join(names: list[str], code: str) -> str:
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + f" {BY_CODE[code]['and']} " + names[-1]


def kinds_for(count: int) -> list[str]:
    """Position questions only where the answer is beyond doubt."""
    kinds = ["caption", "alt", "long", "keywords", "count", "exists"]
    if count >= 2:
        kinds += ["left", "right"]
    if count == 3:
        kinds += ["middle"]
    return kinds


def ask(kind: str, code: str, objects: list[int], rng: random.Random, first_wording: bool = False) -> tuple[str, str]:
    """One question and its answer about objects listed from left to right."""
    names = [NAMES[code][i] for i in objects]
    answers = FORMS[code]["answers"]
    table = BY_CODE[code]["instructions"] if kind in BY_CODE[code]["instructions"] else FORMS[code]["questions"]
    wordings = table[kind]
    question = wordings[0] if first_wording else rng.choice(wordings)
    if kind == "caption":
        answer = join(names, code)
    elif kind == "alt":
        answer = answers["alt"].replace("{0}", join(names, code))
    elif kind == "keywords":
        answer = ", ".join(names)
    elif kind == "long":
        places = {1: ["middle"], 2: ["left", "right"], 3: ["left", "middle", "right"]}.get(len(names))
        groups = [names] if places is None else [[name] for name in names]
        if places is None:
            places, groups = ["left", "middle", "right"], [names[:1], names[1:-1], names[-1:]]
        answer = " ".join(answers[p].replace("{0}", join(g, code)) for p, g in zip(places, groups))
    elif kind == "count":
        answer = str(len(names))
    elif kind == "exists":
        there = rng.random() < 0.5
        pool = objects if there else [i for i in range(len(OBJECTS)) if i not in objects]
        question = question.replace("{0}", NAMES[code][rng.choice(pool)])
        answer = answers["yes" if there else "no"]
    else:
        answer = answers[kind].replace("{0}", names[{"left": 0, "middle": 1, "right": -1}[kind]])
    return f"{question} {BY_CODE[code]['answerIn']}", answer


def objects_of(scene: Scene) -> list[int]:
    return [o.index for o in sorted(scene.objects, key=lambda o: o.x)]


def corpus(rng: random.Random):
    """Every sentence form of the world, clips, comparisons and text-only turns included, so that later
    editions of the model need no new tokenizer."""
    for code in CODES:
        entry, forms = BY_CODE[code], FORMS[code]
        yield from (name for name in NAMES[code] for _ in range(40))
        for _ in range(100):
            yield join(rng.sample(NAMES[code], rng.choice([2, 3, 4])), code)
        sentences = [text for texts in [*entry["instructions"].values(), *forms["questions"].values()] for text in texts]
        yield from (entry["answerIn"] for _ in range(150))
        for _ in range(25):
            # in a prompt a sentence follows a newline, so its first word is without a space mark
            yield from ("\n" + text.replace("{0}", "") for text in sentences)
            yield from (text.replace("{0}", "") for text in forms["answers"].values() for _ in range(2))
        yield entry["name"]
        yield entry["englishName"]
    for _ in range(50):
        yield "system user assistant 0 1 2 3 4 5 6 7 8 9"
