"""Writes models/demo/MODEL_CARD.md: MODEL_CARD.md of this folder and the scores of the last `npm run evaluate:demo`."""

import json
import textwrap
from pathlib import Path

HERE = Path(__file__).parent

REPORT = HERE / "../../test/evaluation/REPORT.json"


def percent(score: dict) -> str:
    return f"{100 * score['share']:.1f} %"


def listed(scores: dict) -> str:
    return ", ".join(f"{name} {percent(score)}" for name, score in scores.items())


def wrapped(item: str) -> str:
    """A list item, wrapped at 120 columns."""
    return textwrap.fill(item, 120, subsequent_indent="  ", break_long_words=False)


def amount(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{100 * value:.1f} {unit}"


def sizes_row(size: str, scores: dict) -> str:
    """Accuracy per detail level; for `auto` and `high` with the difference from the base tile."""
    base = scores["low"]["share"]
    gains = {detail: f" ({100 * (scores[detail]['share'] - base):+.1f})" for detail in ("auto", "high")}
    cells = [percent(scores[detail]) + gains.get(detail, "") for detail in ("low", "auto", "high")]
    return f"| {size} of the longer side | {' | '.join(cells)} |"


def main() -> None:
    report = json.loads(REPORT.read_text())
    lines = ["## Scores of this edition", "", "| Held-out data, greedy, int8, through the engine | score | target |"]
    lines.append("| --- | --- | --- |")
    for row in report["rows"]:
        unit = "percentage points" if "gain" in row["what"] else "%"
        lines.append(f"| {row['what']} | {amount(row['value'], unit)} | {amount(row.get('atLeast'), unit)} |")
    lines += [
        "",
        wrapped(f"- All names correct, by number of objects: {listed(report['namesByObjectCount'])}."),
        wrapped(f"- Exact answers, by kind: {listed(report['exactByKind'])}."),
        wrapped(f"- Motion in videos, correct: {listed(report['motions'])}."),
        "",
        "| Small objects in large images: all names correct | base tile | auto | high |",
        "| --- | --- | --- | --- |",
        *(sizes_row(size, scores) for size, scores in report["smallObjectsBySize"].items()),
        sizes_row("1/18 to 1/7", report["smallObjects"]),
        "",
        "Measured on scenes from another renderer than the training scenes, with seeds that training never uses:",
        ", ".join(f"{count} {name}" for name, count in report["scenes"].items()) + ".",
        "",
        "| language | in the requested language | exactly as taught |",
        "| --- | --- | --- |",
    ]
    for code, scores in report["languages"].items():
        lines.append(f"| {code} | {percent(scores['inLanguage'])} | {percent(scores['exact'])} |")
    text = (HERE / "MODEL_CARD.md").read_text().rstrip()
    (HERE.parent / "demo" / "MODEL_CARD.md").write_text(text + "\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
