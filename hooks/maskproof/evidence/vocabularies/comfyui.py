"""ComfyUI: the graph of nodes that was run, as JSON.

`prompt` is what was run: nodes by number with a class and inputs; an input that is `[node, slot]` is a link. `workflow`
is the drawing of it, which people also keep in screenshots. They stand in PNG texts, in EXIF Make, Model or
ImageDescription of a WebP, in a UserComment. The graph is followed from the saved picture backwards: through images and
latents to the file that was loaded (the parent), through `mask` to the mask, and to the size the picture must have.

There are thousands of nodes, and new ones every week, so what one does is told by how it is wired and not by a list of
names: a node on the way to the picture that is handed a model, names one or takes a prompt has made it.
Source: comfyanonymous/ComfyUI `nodes.py`, `comfy_extras/` and `comfy_api_nodes/`; ComfyUI_examples; 40 graphs of public
repositories for the names that inputs have.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof.evidence import sizes
from maskproof.evidence.carriers import tree_of
from maskproof.model import OWN_ALPHA, Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from maskproof.evidence.carriers import Carried, Text

PREFIXED = re.compile(r"\s*(prompt|workflow)\s*:\s*(?=\{)", re.IGNORECASE)
"""how WebP savers name the two in one EXIF tag each"""
SINK = re.compile(r"save|preview|output", re.IGNORECASE)
PICTURES = re.compile(
    r"^$|image|img|pixels|samples|latent|picture|photo"
    r"|^(?:source|destination|background|foreground|canvas|frames?|base|target|tiles|value|on_true|on_false"
    r"|input_?\d*|any\w*)$",
    re.IGNORECASE,
)
"""inputs through which a picture or its latent comes; the empty name is a reroute's"""
NO_PICTURE = re.compile(
    r"mask|alpha|refer|(?:^|_)ref(?:_|$)|style|control|guid|pose|depth|cloth|garment|character|clip|vision|model$"
    r"|width|height|size|count|path|name",
    re.IGNORECASE,
)
"""inputs that are none of those, or a picture to look at beside the one that is changed"""
REFERENCES = re.compile(r"refer|(?:^|_)ref(?:_|$)", re.IGNORECASE)
"""where a node has no other picture, these are what it changes"""
MASKS = re.compile(r"^(?!attn).*mask", re.IGNORECASE)
LOADS = re.compile(r"(?=.*load)(?=.*(?:image|img|mask|photo|picture|frame))", re.IGNORECASE)
"""nodes that read a picture"""
LOADED = ("image", "image_path", "filename", "file", "file_path", "path", "image_name", "url")
LOADER = re.compile(
    r"^(?!.*(?:image|mask|video|audio|text|lut|font|json|csv|latent|colou?r|palette|upload))"
    r".*(?:loader|checkpoint|load\w*(?:model|pipe|unet|dit|vae|lora))",
    re.IGNORECASE,
)
"""nodes that bring a model"""
MODEL_FILE = re.compile(r"\.(?:safetensors|sft|ckpt|gguf|pth?|bin|onnx)$", re.IGNORECASE)
NAMES_MODEL = re.compile(r"(?:^|[_.])model(?:_name|_id)?$|^ckpt_name$", re.IGNORECASE)
PROMPTS = re.compile(r"(?:^|[_.])prompt$|^(?:positive|negative)$", re.IGNORECASE)
NO_MODEL = frozenset({"", "none", "disabled", "off"})
"""what stands for no model where one could be named"""
MAKES = re.compile(r"Sampler|VAEDecode|(?<![a-z])API(?![a-z])|Api(?![a-z])|LaMa(?![a-z])|Lama(?![a-z])")
"""nodes that make a picture whatever they are handed: their class says so"""
SERVICES = re.compile(
    r"^(?:Bria|HitPaw|Ideogram|Kling|Luma|Magnific|OpenAI|Recraft|Reve|Runway|Stability|Topaz|WaveSpeed)", re.IGNORECASE
)
"""nodes of services: some upscale with nothing but a picture as input"""
LOOKS = re.compile(
    r"segment|(?<![a-z])sam\d?(?![a-z])|matting|matte|rembg|remove\w*b(?:ack)?g|birefnet|inspyrenet|detect|depth|pose"
    r"|preprocess|caption|interrogat",
    re.IGNORECASE,
)
"""nodes whose model only looks at a picture, or cuts out of it, and draws nothing"""
REFERS = re.compile(
    r"Reference\w*Latent|Image\w*Edit|InstructPixToPix|Inpaint\w*Condition|VAEEncode\w*Inpaint|Kontext|BrushNet|PowerPaint",
    re.IGNORECASE,
)
"""nodes that hand a picture to the model to be edited, beside the latent; an image prompt (CLIP vision, IP-Adapter) or
the guide of a control net is none"""
RESIZES = re.compile(r"pad|expand|scale|resiz|crop|stitch|tile", re.IGNORECASE)
"""nodes after which a picture may have any size"""
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
MAX_NODES, MAX_FOLLOWED = 2_000, 20
"""nodes of a graph, and starting points from which it is walked: each walk may pass every node"""


class Link(Struct, frozen=True):
    """What one input is given."""

    name: str
    """of the input"""
    node: str
    """number of the node it comes from"""
    slot: int
    """which of that node's outputs; of a node that loads a picture, 0 is the picture and 1 its transparency"""


class Node(Struct, frozen=True):
    """One node that was run."""

    kind: str
    """its class"""
    inputs: dict[str, Any]
    links: tuple[Link, ...]

    @property
    def pictures(self) -> list[Link]:
        """Where pictures or latents come from."""
        plain = [one for one in self.links if PICTURES.search(one.name) and not NO_PICTURE.search(one.name)]
        return plain or [one for one in self.links if REFERENCES.search(one.name)]

    @property
    def masks(self) -> list[Link]:
        """Where masks come from."""
        return [one for one in self.links if MASKS.search(one.name)]

    @property
    def loads(self) -> bool:
        """Does it read a picture from a file?"""
        return bool(LOADS.search(self.kind)) and not self.pictures


Graph = dict[str, Node]


def signs(carried: Carried) -> list[Evidence]:
    """The graph that was run, wherever it stands; the drawing alone where that is all there is."""
    ran: list[tuple[Text, Graph]] = []
    drawn: list[tuple[Text, dict[str, Any]]] = []
    for one in carried.texts:
        for name, tree in _candidates(one):
            if graph := _graph(tree):
                ran.append((one, graph))
            elif name in {"workflow", ""} and isinstance(tree.get("nodes"), list) and "links" in tree:
                drawn.append((one, tree))
    if ran:
        return list(dict.fromkeys(_of_graph(one.source, graph, carried.size) for one, graph in ran))
    return [_of_drawing(one.source, tree, carried.size) for one, tree in drawn[:1]]


def _candidates(one: Text) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, JSON object) of what could be a graph or a drawing of one."""
    if one.key != "workflow" and (match := PREFIXED.match(one.text)):
        yield match.group(1).lower(), tree_of(one.text[match.end() :])
        return
    tree = one.tree
    yield (one.key if one.key in {"prompt", "workflow"} else ""), tree
    for key in ("prompt", "workflow"):  # both in one object, as JPEG savers do
        inner = tree.get(key)
        if isinstance(inner, str):
            inner = tree_of(inner)
        if isinstance(inner, dict):
            yield key, inner


def _graph(tree: dict[str, Any]) -> Graph:
    """The nodes of a graph that was run; empty where the object is none."""
    return {
        key: Node(kind, inputs if isinstance(inputs := node.get("inputs"), dict) else {}, _links(inputs))
        for key, node in list(tree.items())[:MAX_NODES]
        if isinstance(node, dict) and isinstance(kind := node.get("class_type"), str)
    }


def _links(inputs: Any) -> tuple[Link, ...]:
    return tuple(
        Link(str(name), str(value[0]), value[1])
        for name, value in (inputs.items() if isinstance(inputs, dict) else ())
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int) and isinstance(value[1], int)  # noqa: PLR2004
    )


def _of_graph(source: str, graph: Graph, size: sizes.Size) -> Evidence:
    sinks = [key for key, node in graph.items() if SINK.search(node.kind) and node.pictures]
    linked = {link.node for node in graph.values() for link in node.links}
    sinks = (sinks or [key for key in graph if key not in linked])[:MAX_FOLLOWED]
    ways = [way for sink in sinks if _is_made(graph, way := _upstream(graph, [sink], pictures=True))]
    if not ways:
        return Evidence(source, "a ComfyUI graph in which no model makes a picture", ai=None, generator="ComfyUI")
    made = [way[0] for way in ways]
    refers = [key for key in _upstream(graph, made) if REFERS.search(graph[key].kind)][:MAX_FOLLOWED]
    ways += [_upstream(graph, [key], pictures=True) for key in refers]
    opened = [key for way in ways for key in way if graph[key].loads]
    parent = next((name for key in opened if (name := _file(graph[key]))), None)
    sure = _fits(graph, made, size)
    return Evidence(
        source,
        "a ComfyUI graph" + (" of a picture of another size" if sure == "low" else " that was run"),
        ai=True,
        edit=True if opened else (False if _from_nothing(graph, made) else None),
        generator="ComfyUI",
        parent=parent,
        mask=_mask(graph, dict.fromkeys(key for way in ways for key in way), parent),
        confidence=sure,
    )


def _of_drawing(source: str, tree: dict[str, Any], size: sizes.Size) -> Evidence:
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


def _upstream(graph: Graph, start: list[str], *, pictures: bool = False) -> list[str]:
    """Nodes on the way to these, nearest first; with `pictures` only through images and latents."""
    found: dict[str, None] = {}
    waiting = list(start)
    for key in waiting:  # grows while it is walked
        if key in graph and key not in found:
            found[key] = None
            waiting += [link.node for link in (graph[key].pictures if pictures else graph[key].links)]
    return list(found)


def _is_made(graph: Graph, way: list[str]) -> bool:
    """Did a model make what comes this way? Where the way ends in a bundle of things, whatever lies behind counts."""
    if any(_makes(graph, key) for key in way):
        return True
    ends = [key for key in way if not (graph[key].pictures or graph[key].loads or LOOKS.search(graph[key].kind))]
    return any(_makes(graph, key) for key in _upstream(graph, ends[:MAX_FOLLOWED]))


def _makes(graph: Graph, key: str) -> bool:
    """Is this node handed a model, does it name one, or is it a service's?"""
    node = graph[key]
    if node.loads or any(form.search(node.kind) for form in (LOADER, LOOKS, SINK)):
        return False
    if MAKES.search(node.kind) or SERVICES.search(node.kind):
        return True
    handed = [link for link in node.links if link not in node.pictures and not MASKS.search(link.name)]
    if any(NAMES_MODEL.search(link.name) for link in handed):
        return True
    names = any(
        isinstance(value, str) and value.casefold() not in NO_MODEL
        for name, value in node.inputs.items()
        if NAMES_MODEL.search(name) or PROMPTS.search(name)
    )
    return names or any(_brings_model(graph, one) for one in _upstream(graph, [link.node for link in handed]))


def _brings_model(graph: Graph, key: str) -> bool:
    node = graph[key]
    if node.loads or LOOKS.search(node.kind):
        return False
    return bool(LOADER.search(node.kind)) or any(
        isinstance(value, str) and MODEL_FILE.search(value[-20:]) for value in node.inputs.values()
    )


def _file(node: Node) -> str | None:
    for key in LOADED:
        value = node.inputs.get(key)
        if isinstance(value, str) and 0 < len(value) <= 300:  # noqa: PLR2004 - a name, and no data
            return ANNOTATION.sub("", value)
    return None


def _from_nothing(graph: Graph, sinks: list[str]) -> bool:
    """Does every latent begin empty?"""
    ends = [key for key in _upstream(graph, sinks, pictures=True) if not graph[key].pictures]
    return bool(ends) and all(EMPTY.match(graph[key].kind) for key in ends)


def _mask(graph: Graph, way: Iterable[str], parent: str | None) -> str | None:
    """The mask of the first node that takes one: a file, or the alpha of a loaded picture."""
    masked = [link for key in way for link in graph[key].masks]
    return next((name for link in masked[:MAX_FOLLOWED] if (name := _mask_behind(graph, link, parent))), None)


def _mask_behind(graph: Graph, link: Link, parent: str | None) -> str | None:
    """The mask that this link brings. None where it is worked out of a picture, or drawn by a node."""
    for _ in range(MAX_NODES):
        node = graph.get(link.node)
        if node is None:
            return None
        if node.loads:
            name = _file(node)
            if name and (node.inputs.get("channel") == "alpha" if "Mask" in node.kind else link.slot == 1):
                return OWN_ALPHA if name == parent else f"the alpha of {name}"
            return None if name == parent else name
        # A channel of a picture becomes a mask; what a model sees in one is none that could be named.
        nearer = node.masks or ([] if LOOKS.search(node.kind) or _makes(graph, link.node) else node.pictures)
        if not nearer:
            return None
        link = nearer[0]
    return None


def _fits(graph: Graph, sinks: list[str], size: sizes.Size) -> str:
    """How well the sizes that the graph must give agree with the file's."""
    found = [_made(graph, sink) for sink in sinks]
    recorded = [one for known, _ in found for one in known]
    if recorded:
        return sizes.confidence(recorded, size) if all(known for known, _ in found) or size in recorded else "medium"
    # Nothing is known but that it came out of a decoder as it is: then its sides are multiples of 8. A graph that pads
    # or scales is one of sizes that stand nowhere in it, and tells nothing of the file's.
    odd = any(side % BLOCK for side in size) and max(size) > SMALLEST
    plain = not any(RESIZES.search(graph[key].kind) for key in _upstream(graph, sinks))
    return "low" if odd and plain and all(decoded for _, decoded in found) else "medium"


def _made(graph: Graph, key: str) -> tuple[list[sizes.Size], bool]:
    """The size of the picture that a node gives, where that can be told; and does it come straight from a decoder?"""
    decoded = False
    for _ in range(MAX_NODES):
        node = graph.get(key)
        if node is None:
            return [], decoded
        if EMPTY.match(node.kind) or SIZED.match(node.kind):
            return sizes.size_of(node.inputs.get("width"), node.inputs.get("height")), decoded
        decoded |= "VAEDecode" in node.kind
        nearer = node.pictures
        if not THROUGH.search(node.kind) or not nearer:
            return [], decoded
        key = nearer[0].node
    return [], decoded
