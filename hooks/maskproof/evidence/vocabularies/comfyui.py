"""ComfyUI: the graph of nodes that was run, as JSON.

`prompt` is what was run: nodes by number with a class and inputs; an input that is `[node, slot]` is a link. `workflow`
is the drawing of it, which people also keep in screenshots. They stand in PNG texts, in EXIF Make, Model or
ImageDescription of a WebP, in a UserComment. The graph is followed from the saved picture backwards: through images and
latents to the file that was loaded (the parent), through `mask` to the mask, and to the size the picture must have.
Source: comfyanonymous/ComfyUI `nodes.py` and `comfy_extras/`; ComfyUI_examples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskproof.evidence import sizes
from maskproof.evidence.carriers import tree_of
from maskproof.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.evidence.carriers import Carried, Text

Node = dict[str, Any]
Graph = dict[str, Node]
PREFIXED = re.compile(r"\s*(prompt|workflow)\s*:\s*(?=\{)", re.IGNORECASE)
"""how WebP savers name the two in one EXIF tag each"""
SINK = re.compile(r"save|preview|output", re.IGNORECASE)
PICTURES = re.compile(
    r"^(?:images?|image_?\d+|images?_[ab]|input_image.*|pixels|samples\w*|latents?|latent_image|source|destination|base_image|init_image|)$"
)
"""inputs through which a picture or its latent comes; the empty name is a reroute's"""
LOADS = re.compile(
    r"^(?:LoadImage|LoadImageOutput|LoadImageMask|ETN_LoadImageBase64|Image Load|VHS_LoadImages?)", re.IGNORECASE
)
LOADED = ("image", "image_path", "filename")
MAKES = re.compile(
    r"Sampler|VAEDecode|^(?:OpenAI|Gemini|Flux.*(?:Pro|Node)|Recraft|Ideogram|Stability|Runway|Luma|Kling|ByteDance|Grok)|Generat|Inpaint",
    re.IGNORECASE,
)
"""nodes that make a picture with a model"""
REFERS = re.compile(
    r"^ReferenceLatent$|ImageEdit|InstructPixToPix|InpaintModelConditioning|VAEEncodeForInpaint|Kontext", re.IGNORECASE
)
"""nodes that hand a picture to the model to be edited; an image prompt (CLIP vision, IP-Adapter) or the guide of a
control net is none"""
MASKED = re.compile(
    r"Inpaint|SetLatentNoiseMask|^(?:OpenAI|Ideogram|Stability|Recraft)|DifferentialDiffusion", re.IGNORECASE
)
EMPTY = re.compile(r"^Empty\w*Latent", re.IGNORECASE)
SIZED = re.compile(r"^(?:LatentUpscale|ImageScale|ImageResize)$")
THROUGH = re.compile(
    r"Sampler|VAEDecode|LatentComposite|LatentBlend|SetLatentNoiseMask|Reroute|^Save|^Preview", re.IGNORECASE
)
"""nodes that leave the size what it is"""
ANNOTATION = re.compile(r" \[(?:input|output|temp)\]$")
SMALLEST = 512
"""pixels: what is smaller both ways can be no screenshot of a graph, and may well be cut out of a picture"""
BLOCK = 8
"""pixels of a picture's side for one of its latent"""
MAX_NODES, MAX_FOLLOWED = 5_000, 50
"""nodes of a graph, and starting points from which it is walked: each walk may pass every node"""


@dataclass(frozen=True, slots=True)
class Link:
    """Where an input comes from."""

    node: str
    slot: int


def signs(carried: Carried) -> list[Evidence]:
    """The graph that was run, wherever it stands; the drawing alone where that is all there is."""
    ran: list[tuple[Text, Graph]] = []
    drawn: list[tuple[Text, Node]] = []
    for one in carried.texts:
        for name, tree in _candidates(one):
            if graph := _graph(tree):
                ran.append((one, graph))
            elif name in {"workflow", ""} and isinstance(tree.get("nodes"), list) and "links" in tree:
                drawn.append((one, tree))
    if ran:
        return list(dict.fromkeys(_of_graph(one.source, graph, carried.size) for one, graph in ran))
    return [_of_drawing(one.source, tree, carried.size) for one, tree in drawn[:1]]


def _candidates(one: Text) -> Iterator[tuple[str, Node]]:
    """(name, JSON object) of what could be a graph or a drawing of one."""
    if one.key == "workflow" or (match := PREFIXED.match(one.text)) is None:
        tree = one.tree
    else:
        yield match.group(1).lower(), tree_of(one.text[match.end() :])
        return
    if not tree:
        return
    yield one.key if one.key in {"prompt", "workflow"} else "", tree
    for key in ("prompt", "workflow"):  # both in one object, as JPEG savers do
        inner = tree.get(key)
        if isinstance(inner, str):
            inner = tree_of(inner)
        if isinstance(inner, dict):
            yield key, inner


def _graph(tree: Node) -> Graph:
    """The nodes of a graph that was run; empty where the object is none."""
    return {
        key: node
        for key, node in list(tree.items())[:MAX_NODES]
        if isinstance(node, dict) and isinstance(node.get("class_type"), str)
    }


def _of_graph(source: str, graph: Graph, size: sizes.Size) -> Evidence:
    sinks = [key for key, node in graph.items() if SINK.search(node["class_type"]) and _pictures(node)]
    linked = _linked(graph)
    sinks = (sinks or [key for key in graph if key not in linked])[:MAX_FOLLOWED]
    made = [key for key in _upstream(graph, sinks) if MAKES.search(graph[key]["class_type"])]
    if not made:
        return Evidence(source, "a ComfyUI graph that uses no model", ai=None, generator="ComfyUI")
    parent, opened = _parent(graph, sinks)
    sure = _fits(graph, sinks, size)
    return Evidence(
        source,
        "a ComfyUI graph" + (" of a picture of another size" if sure == "low" else " that was run"),
        ai=True,
        edit=True if opened else (False if _from_nothing(graph, sinks) else None),
        generator="ComfyUI",
        parent=parent,
        mask=_mask(graph, sinks, parent),
        confidence=sure,
    )


def _of_drawing(source: str, tree: Node, size: sizes.Size) -> Evidence:
    """A drawing without a run: it counts where its sizes are the file's."""
    nodes = [node for node in tree["nodes"][:MAX_NODES] if isinstance(node, dict)]
    recorded = [
        found
        for node in nodes
        if EMPTY.match(str(node.get("type"))) and isinstance(values := node.get("widgets_values"), list)
        for found in sizes.size_of(*[*values, None, None][:2])
    ]
    return Evidence(
        source,
        "a ComfyUI workflow, drawn but not run",
        ai=True,
        generator="ComfyUI",
        confidence="medium" if size in recorded else "low",
    )


def _links(node: Node) -> list[tuple[str, Link]]:
    inputs = node.get("inputs")
    return [
        (str(name), Link(str(value[0]), value[1]))
        for name, value in (inputs.items() if isinstance(inputs, dict) else ())
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int) and isinstance(value[1], int)  # noqa: PLR2004
    ]


def _linked(graph: Graph) -> set[str]:
    return {link.node for node in graph.values() for _, link in _links(node)}


def _pictures(node: Node) -> list[Link]:
    return [link for name, link in _links(node) if PICTURES.match(name)]


def _upstream(graph: Graph, start: list[str], *, pictures: bool = False) -> list[str]:
    """Nodes on the way to these, nearest first; with `pictures` only through images and latents."""
    found: dict[str, None] = {}
    waiting = list(start)
    for key in waiting:  # grows while it is walked
        if key in graph and key not in found:
            found[key] = None
            links = _pictures(graph[key]) if pictures else [link for _, link in _links(graph[key])]
            waiting += [link.node for link in links]
    return list(found)


def _parent(graph: Graph, sinks: list[str]) -> tuple[str | None, bool]:
    """The file that was edited, by name, and whether there is one: behind the latent, or handed to the model."""
    ways = [_upstream(graph, [sink], pictures=True) for sink in sinks]
    ways = [way for way in ways if any(MAKES.search(graph[key]["class_type"]) for key in way)]
    refers = [key for key in _upstream(graph, sinks) if REFERS.search(graph[key]["class_type"])]
    ways += [_upstream(graph, [key], pictures=True) for key in refers[:MAX_FOLLOWED]]
    loads = [key for way in ways for key in way if LOADS.match(graph[key]["class_type"])]
    names = [name for key in loads if (name := _file(graph[key]))]
    return (names[0] if names else None), bool(loads)


def _file(node: Node) -> str | None:
    inputs = node.get("inputs")
    for key in LOADED:
        value = inputs.get(key) if isinstance(inputs, dict) else None
        if isinstance(value, str) and 0 < len(value) <= 300:  # noqa: PLR2004 - a name, and no data
            return ANNOTATION.sub("", value)
    return None


def _from_nothing(graph: Graph, sinks: list[str]) -> bool:
    """Does every latent begin empty?"""
    ends = [key for key in _upstream(graph, sinks, pictures=True) if not _pictures(graph[key])]
    return bool(ends) and all(EMPTY.match(graph[key]["class_type"]) for key in ends)


def _mask(graph: Graph, sinks: list[str], parent: str | None) -> str | None:
    """The mask of the first node that takes one: a file, or the alpha of a loaded picture."""
    masked = [key for key in _upstream(graph, sinks) if MASKED.search(graph[key]["class_type"])]
    for key in masked[:MAX_FOLLOWED]:
        for link in (link for name, link in _links(graph[key]) if "mask" in name):
            for near in _upstream(graph, [link.node]):
                if LOADS.match(kind := graph[near]["class_type"]) and (name := _file(graph[near])):
                    if kind.startswith("LoadImageMask"):
                        return name
                    return "its alpha" if name == parent else f"the alpha of {name}"
    return None


def _fits(graph: Graph, sinks: list[str], size: sizes.Size) -> str:
    """How well the sizes that the graph must give agree with the file's."""
    found = [
        _made(graph, sink)
        for sink in sinks
        if any(MAKES.search(graph[key]["class_type"]) for key in _upstream(graph, [sink]))
    ]
    recorded = [one for known, _ in found for one in known]
    if recorded:
        return sizes.confidence(recorded, size) if all(known for known, _ in found) or size in recorded else "medium"
    # Nothing is known but that it came out of a decoder as it is: then its sides are multiples of 8.
    odd = any(side % BLOCK for side in size) and max(size) > SMALLEST
    return "low" if odd and found and all(decoded for _, decoded in found) else "medium"


def _made(graph: Graph, key: str) -> tuple[list[sizes.Size], bool]:
    """The size of the picture that a node gives, where that can be told; and does it come straight from a decoder?"""
    decoded = False
    for _ in range(MAX_NODES):
        node = graph.get(key)
        if node is None:
            return [], decoded
        kind, inputs = node["class_type"], node.get("inputs")
        inputs = inputs if isinstance(inputs, dict) else {}
        if EMPTY.match(kind) or SIZED.match(kind):
            return sizes.size_of(inputs.get("width"), inputs.get("height")), decoded
        decoded |= "VAEDecode" in kind
        nearer = _pictures(node)
        if not THROUGH.search(kind) or not nearer:
            return [], decoded
        key = nearer[0].node
    return [], decoded
