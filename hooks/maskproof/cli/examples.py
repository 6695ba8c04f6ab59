"""What the help of each command ends with: lines to copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

EXAMPLES = {
    "check": (
        "maskproof check",
        "maskproof check --from-ref origin/main --to-ref HEAD",
        "maskproof check --all --format json --output report.json",
        "maskproof check --fail-on warn --quiet assets/",
        "maskproof check --from-ref origin/main --format html --output report.html",
        "maskproof check --report sarif=maskproof.sarif --report junit=junit.xml",
        "maskproof check --all --jobs 4",
        "maskproof check --all --shard 1/2 --format json --output part1.json",
        "maskproof check --manifest pairs.csv --jobs 4 --format json --output report.json",
        "maskproof check --manifest pairs.csv --scheduler tcp://10.0.0.5:8786 --format json --output report.json",
    ),
    "merge-reports": ("maskproof merge-reports part1.json part2.json --format junit --output junit.xml",),
    "compare": (
        "maskproof compare hero.png hero-spring.png --mask hero.mask.png --mask-mode white",
        "maskproof compare hero.png hero-spring.png --picture card.png",
    ),
    "explain": (
        "maskproof explain hero-spring.png",
        "maskproof explain hero-spring.png --show",
        "maskproof explain --stealth download.png",
    ),
    "view": ("maskproof view", "maskproof view hero-spring.png", "maskproof view --all --output report.html"),
    "gallery": ("maskproof gallery public/gallery",),
    "stats": (
        "maskproof stats",
        "maskproof stats --by model --format json",
        "maskproof stats --format html --output stats.html",
    ),
    "ui": ("maskproof ui", "maskproof ui assets/campaign", "maskproof ui --no-open --port 8765"),
    "areas": (
        "maskproof areas hero-spring.png --preview areas.png",
        "maskproof areas hero.png --policy maskproof.toml --preview areas.png",
    ),
    "status": ("maskproof status", "maskproof status --format json", "maskproof status --format html"),
    "inventory": (
        "maskproof inventory",
        "maskproof inventory --format csv",
        "maskproof inventory --format html",
    ),
    "rules": ("maskproof rules", "maskproof rules outside-mask"),
    "record": (
        "maskproof record hero-spring.png --original hero.png --mask hero.mask.png --mask-mode white",
        "maskproof record hero-spring.png --area logo:brand:64,48,220,80 --remove-area label --add",
        "maskproof record hero-square.png --original hero.png --crop 60,40,300,300",
        "maskproof record assets/campaign --accept",
        "maskproof record --from edits.csv --add",
        "maskproof record --move --add",
        "maskproof record hero-final.png --manual --original hero-spring.png",
        "maskproof record poster.png --generated",
    ),
    "protect": (
        "maskproof protect hero-spring.png --area logo:brand:64,48,220,80",
        "maskproof protect hero-spring.png --level strict --limit outside-mask.light=0.8 --try",
    ),
    "find": ("maskproof find hero-spring.png", "maskproof find hero-spring.png --history --limit 3"),
    "restore": ("maskproof restore hero-spring.png", "maskproof restore --undo hero-spring.png"),
    "mark": ("maskproof mark hero-spring.png", "maskproof mark assets", "maskproof mark --undo hero-spring.png"),
    "sign": (
        "maskproof sign --new-test-certificate ~/.maskproof",
        "maskproof sign hero-spring.png --certificate ~/.maskproof/chain.pem --key ~/.maskproof/key.pem",
        "maskproof sign --undo hero-spring.png",
    ),
    "rank": ("maskproof rank hero.png a.png b.png --mask m.png --mask-mode white --sheet sheet.png",),
    "mask": ("maskproof mask hero.png --box 180,60,120,120 -o hero.mask.png --preview preview.png",),
    "edit": (
        'maskproof edit hero.png --mask hero.mask.png --prompt "a spring meadow" -n 4 -o hero-spring.png',
        'maskproof edit hero.png --mask hero.mask.png --prompt "our mug" --reference mug.png --budget 0.50',
        "maskproof edit --manifest jobs.toml --estimate",
    ),
    "approve": (
        'maskproof approve hero-spring.png --reason "New background, agreed with the brand team"',
        'maskproof approve assets/a.png assets/b.png --reason "Rebrand" --expires 2027-03-31 --sign',
        'maskproof approve --from-comment "$GITHUB_EVENT_PATH"',
    ),
    "approvals": ("maskproof approvals", "maskproof approvals --from-ref origin/main --format json"),
    "baseline": ("maskproof baseline",),
    "comment": (
        'maskproof comment "$GITHUB_EVENT_PATH"',
        'maskproof comment "$GITHUB_EVENT_PATH" --report "$RUNNER_TEMP/maskproof/report.json"',
    ),
    "preset": (
        "maskproof preset https://brand.example.com/images.toml",
        "maskproof preset shared/images.maskproof.toml",
    ),
    "doctor": ("maskproof doctor", "maskproof doctor --format json"),
    "range": ("maskproof range --fetch", "maskproof range --onto main"),
    "review": ("maskproof review hero-spring.png",),
    "init": ("maskproof init", "maskproof init --owner @your-org/design", "maskproof init --ci azure --advise"),
    "demo": ("maskproof demo", "maskproof demo --keep trial"),
    "cache": ("maskproof cache", "maskproof cache --clear"),
    "calibrate": ("maskproof calibrate cases.csv --plot limits.png",),
}
"""by the name of the command"""


def give_examples(name: str, command: click.Command) -> None:
    """End the help of a command with its lines."""
    if lines := EXAMPLES.get(name):
        command.epilog = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
