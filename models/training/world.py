"""Questions about a scene and their correct answers, in 35 languages.

Object names: world/objects.json (Unicode CLDR annotations; Occitan by hand). Questions and answer forms:
world/questions.json. Instructions: src/language/languages.json, the table of the service."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

from scenes import MOTIONS, OBJECTS, Scene

HERE = Path(__file__).parent
LANGUAGES = json.loads((HERE / "../../src/language/languages.json").read_text())
BY_CODE = {entry["code"]: entry for entry in LANGUAGES}
CODES = [entry["code"] for entry in LANGUAGES]
FORMS = json.loads((HERE / "world" / "questions.json").read_text())
NAMES = {code: [o["names"][code] for o in OBJECTS] for code in CODES}

@dataclass
class Asked:
    """A question, its answer, and the objects named in both with the offset of each name, in text order.
    `gist`: type and class of a short answer."""

    question: str
    answer: str
    heard: list[tuple[int, int]]  # (offset in the question, object)
    told: list[tuple[int, int]]  # (offset in the answer, object)
    gist: tuple[str, int] | None = None


def join(names: list[str], code: str) -> str:
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + f" {BY_CODE[code]['and']} " + names[-1]


def kinds_for(count: int) -> list[str]:
    """Questions about positions are used only if the answer is unambiguous."""
    kinds = ["caption", "alt", "long", "keywords", "count", "exists"]
    if count >= 2:
        kinds += ["left", "right"]
    if count == 3:
        kinds += ["middle"]
    return kinds


def places_of(names: list[str], objects: list[int], text: str) -> list[tuple[int, int]]:
    places, at = [], 0
    for name, index in zip(names, objects):
        at = text.index(name, at)
        places.append((at, index))
        at += len(name)
    return places


def wording(kind: str, code: str, rng: random.Random) -> str:
    """One of the wordings of a question; instructions of the service come from its own table."""
    table = BY_CODE[code]["instructions"] if kind in BY_CODE[code]["instructions"] else FORMS[code]["questions"]
    return rng.choice(table[kind])


def finish(question: str, code: str) -> str:
    return f"{question} {BY_CODE[code]['answerIn']}"


def ask(kind: str, code: str, objects: list[int], rng: random.Random) -> Asked:
    """One question and its answer about objects listed from left to right."""
    names = [NAMES[code][i] for i in objects]
    answers = FORMS[code]["answers"]
    question, heard, told, gist = wording(kind, code, rng), [], list(range(len(names))), None
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
        answer, told = str(len(names)), []
    elif kind == "exists":
        there = rng.random() < 0.5
        pool = objects if there else [i for i in range(len(OBJECTS)) if i not in objects]
        wanted = rng.choice(pool)
        heard = [(question.index("{0}"), wanted)]
        question = question.replace("{0}", NAMES[code][wanted])
        answer, told, gist = answers["yes" if there else "no"], [], ("found", int(there))
    else:
        which = {"left": 0, "middle": 1, "right": len(names) - 1}[kind]
        answer, told = answers[kind].replace("{0}", names[which]), [which]
    told = [(names[n], objects[n]) for n in told]
    return Asked(finish(question, code), answer, heard, places_of(*zip(*told), answer) if told else [], gist)


def ask_clip(motion: str, index: int, code: str, rng: random.Random) -> Asked:
    """The event in a video: object and direction."""
    form = FORMS[code]["answers"][motion]
    answer = form.replace("{0}", NAMES[code][index])
    gist = ("motion", MOTIONS.index(motion))
    return Asked(finish(wording("video", code, rng), code), answer, [], [(form.index("{0}"), index)], gist)


def ask_compare(first: int, second: int, code: str, rng: random.Random) -> Asked:
    """Whether two images with one object each show the same kind of object."""
    answer = FORMS[code]["answers"]["same" if first == second else "different"]
    return Asked(finish(wording("compare", code, rng), code), answer, [], [], ("same", int(first == second)))


def ask_words(rng: random.Random, code: str) -> Asked:
    """A question without an image: repeat a word, or translate it."""
    index, kind = rng.randrange(len(OBJECTS)), rng.choice(["repeat", "translate", "translate"])
    given = NAMES[code if kind == "repeat" else rng.choice(CODES)][index]
    question = wording(kind, code, rng)
    heard = [(question.index("{0}"), index)]
    return Asked(finish(question.replace("{0}", given), code), NAMES[code][index], heard, [(0, index)])


def objects_of(scene: Scene) -> list[int]:
    return [o.index for o in sorted(scene.objects, key=lambda o: o.x)]


def corpus(rng: random.Random):
    """All sentence forms."""
    for code in CODES:
        entry, forms = BY_CODE[code], FORMS[code]
        yield from (name for name in NAMES[code] for _ in range(40))
        for _ in range(100):
            yield join(rng.sample(NAMES[code], rng.choice([2, 3, 4])), code)
        sentences = [text for texts in [*entry["instructions"].values(), *forms["questions"].values()] for text in texts]
        yield from (entry["answerIn"] for _ in range(150))
        for _ in range(25):
            # in a prompt a sentence follows a newline, so its first word has no leading space marker
            yield from ("\n" + text.replace("{0}", "") for text in sentences)
            yield from (text.replace("{0}", "") for text in forms["answers"].values() for _ in range(2))
        yield entry["name"]
        yield entry["englishName"]
    for _ in range(50):
        yield "system user assistant 0 1 2 3 4 5 6 7 8 9"
