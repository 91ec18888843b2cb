"""Text: cleaned, and cut into byte-pair tokens whose vocabulary is learned from training rows.

As a target it is written, piece by piece.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import LimitError, TargetError
from plait.modalities.contract import LATER
from plait.modalities.likeness import Fingerprint
from plait.modalities.limits import LIMITS
from plait.modalities.media import Media
from plait.modalities.target import SURENESS, MetricWord, SimpleGenerator, metrics_by
from plait.modalities.text.alphabet import letters_of, may_spell, recurring
from plait.modalities.text.answers import closed_set
from plait.modalities.text.bytepairs import MAX_PIECE, NOTHING, learn_merges, pieces
from plait.modalities.text.cells import cell_text
from plait.modalities.text.compared import compared
from plait.modalities.text.damage import with_typing_errors
from plait.modalities.text.detection import likeness
from plait.modalities.text.ngrams import hashed_ngrams
from plait.modalities.text.remarks import longer_than, remarks_on
from plait.modalities.text.scoring import WORDS, counted, resampled
from plait.modalities.text.sketch import fingerprint_text, texts_alike
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

EXAMPLE_WORDS = (
    "the", "a", "red", "boat", "sails", "over", "calm", "water", "while", "we", "wait", "here",
)  # fmt: skip
SHOWN_CHARACTERS = 240
MAX_WRITTEN, MOST_ANSWERS, MOST_LETTERS = 256, 256, 512
"""Most tokens of a text that is a target; distinct texts that are a closed set of answers; distinct
characters of which a line in time is spelled."""

_DROPPED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")


@brief
@dataclass(frozen=True, kw_only=True)
class TextCodec:
    """Codec of the ``text`` modality.

    Raw is a string: Unicode NFC, without control characters other than newline and tab, without
    blanks at its ends. A cell that ends in ``.txt`` and names a file inside the table's folder is
    read as that file's content (folders of ``file.png`` + ``file.txt``); one that ends in ``.txt``,
    has no blank in it and names no such file is an error, any other is text.

    Attributes:
        max_characters: Longer texts are cut.
        max_tokens: Most tokens that the network sees; `fit` lowers it to the 99 % quantile of
            the training texts.
        fold_case: Whether tokens ignore case (from few texts, "Card" and "card" are better one).
        num_buckets: Length of the baselines' features.
        merges: The learned byte-pair merges, one ``left right`` per line, in order; empty: bytes.
        most_answers: Up to so many distinct texts that recur are a closed set of answers, out of
            which alone a network answers; 0 looks for none, -1 means 256 of a target, else none.
        answers: The closed set, sorted; empty where any text may be written.
        most_letters: Up to so many distinct characters are an alphabet, in which a line in time (a
            sound) is spelled; 0 looks for none, -1 means 512 of a target, else none.
        alphabet: Its characters, sorted; empty where nothing is spelled.
        known: Texts of training rows that recur, beside which what is spelled is compared.
    """

    modality: ClassVar[str] = "text"
    version: ClassVar[int] = 2
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(words=True, light=True, piecewise=True)
    task: ClassVar[str] = "write"
    verb: ClassVar[str] = "Writes"
    words: ClassVar[Mapping[str, MetricWord]] = WORDS
    baselines: ClassVar[tuple[type[SimpleGenerator], ...]] = ()
    welcomes: ClassVar[tuple[str, ...]] = ("line",)
    by_language: ClassVar[bool] = True
    offers: ClassVar[Mapping[str, Mapping[str, Any]]] = {"letters": {}}

    max_characters: int = 20_000
    max_tokens: int = 128
    fold_case: bool = True
    num_buckets: int = 2**14
    merges: str = ""
    most_answers: int = field(default=-1, metadata=LATER)
    answers: tuple[str, ...] = field(default=(), metadata=LATER)
    most_letters: int = field(default=-1, metadata=LATER)
    alphabet: str = field(default="", metadata=LATER)
    known: tuple[str, ...] = field(default=(), metadata=LATER)

    @property
    def foretold(self) -> str:
        """What a confidence tells: of answers of a closed set whether they are right."""
        return "exact" if self.answers else "chrf"

    @property
    def layout(self) -> Layout:
        """``tokens``: piece numbers; ``bytes``: the text in UTF-8, for features."""
        return {"tokens": ArraySpec(("token",), "int32"), "bytes": ArraySpec(("byte",), "uint8")}

    @property
    def num_pieces(self) -> int:
        """Size of the vocabulary, `NOTHING` included."""
        return pieces(self.merges).num_pieces

    def detect(self, sample: ColumnSample) -> float:
        return likeness(sample)

    def read(self, cell: Cell, media: Media) -> str | None:
        text = cell_text(cell, media)
        if len(text) > LIMITS.num_characters:
            raise LimitError(
                "the text is too long",
                expected=f"at most {LIMITS.num_characters} characters",
                received=f"{len(text)} characters",
                hint="split it into several rows",
            )
        return self.cleaned(text) or None

    def cleaned(self, text: str) -> str:
        """Return a text as Raw: without what none can see, and no longer than is read."""
        text = _DROPPED.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n")))
        return text.strip()[: self.max_characters].strip()

    def fit(self, raws: Iterable[str]) -> TextCodec:
        """Learn the merges and `max_tokens` from up to 5 million characters of training texts."""
        texts = [self._folded(raw) for raw in _first(raws, num_characters=5_000_000)]
        if not texts:
            return self
        merges = learn_merges(texts)
        encode = pieces(merges).encode
        lengths = [len(encode(self._start(text))) for text in texts]
        usual = int(np.ceil(np.quantile(lengths, 0.99) / 8) * 8)
        codec = replace(
            self,
            merges=merges,
            max_tokens=min(self.max_tokens, max(8, usual)),
            alphabet=letters_of(texts, most=self.most_letters),
            known=recurring(texts) if self.most_letters > 0 else (),
        )
        answers = closed_set(texts, most=self.most_answers, encode=encode)
        if not answers:
            return codec
        longest = max(len(encode(answer)) for answer in answers)
        return replace(codec, answers=answers, max_tokens=max(longest, codec.max_tokens))

    def fit_features(self, raws: Iterable[str]) -> TextCodec:
        """Learn nothing: features know letters and words; tokens stay bytes, and no one asks."""
        return self

    def prepare(self, raw: str) -> Arrays:
        ids = pieces(self.merges).encode(self._start(self._folded(raw)))
        tokens = ids[: self.max_tokens] or [NOTHING]
        data = (raw or " ").encode()
        return {"tokens": np.array(tokens, np.int32), "bytes": np.frombuffer(data, np.uint8)}

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Half of the time blank a tenth of the tokens or drop a span of them; ``bytes`` stay."""
        tokens = arrays["tokens"]
        chance = rng.random()
        if chance < 0.25:
            tokens = np.where(rng.random(len(tokens)) < 0.1, NOTHING, tokens).astype(np.int32)
        elif chance < 0.5 and len(tokens) >= 5:
            size = int(rng.integers(1, len(tokens) // 5 + 1))
            start = int(rng.integers(0, len(tokens) - size + 1))
            tokens = np.delete(tokens, slice(start, start + size))
        return {**arrays, "tokens": tokens}

    def show(self, raw: str) -> Html:
        if len(raw) <= SHOWN_CHARACTERS:
            return f'<span class="text">{html.escape(raw)}</span>'
        start = html.escape(raw[:SHOWN_CHARACTERS])
        rest = html.escape(raw[SHOWN_CHARACTERS:5000]) + ("..." if len(raw) > 5000 else "")
        return f'<details class="text"><summary>{start}...</summary>{rest}</details>'

    def example(self, rng: np.random.Generator) -> Cell:
        return " ".join(rng.choice(EXAMPLE_WORDS, int(rng.integers(3, 12))))

    def neutral(self) -> str:
        return ""

    def corrupt(self, raw: str, severity: float, rng: np.random.Generator) -> str:
        """Mistype letters and lose words."""
        return with_typing_errors(raw, severity, rng)

    def features(self, arrays: Arrays) -> np.ndarray:
        """Counts of word 1-2-grams and character 1-5-grams as ``1 + ln(count)``, hashed."""
        text = arrays["bytes"].tobytes().decode("utf-8", "ignore")
        return hashed_ngrams(text, self.num_buckets)

    def line_places(self, arrays: Arrays) -> int:
        """Return how many letters the text has, in UTF-8."""
        return len(arrays["bytes"])

    def fingerprint(self, raw: str) -> Fingerprint | None:
        return fingerprint_text(raw)

    def alike(self, first: bytes, second: bytes) -> bool:
        return texts_alike(first, second)

    def remarks(self, arrays: Arrays, *, target: bool, simple: bool) -> tuple[str, ...]:
        """Return how a text is unlike others, in words; see `plait.modalities.text.remarks`."""
        text, tokens = self.decode(arrays), arrays["tokens"]
        told = remarks_on(text, self.max_characters, target=target)
        if simple or not self.merges or len(tokens) < self.max_tokens:
            return told
        seen = pieces(self.merges).decode(tokens.tolist())
        cut = len("".join(seen.split())) < len("".join(text.split()))
        return (*told, longer_than(self.max_tokens, target=target)) if cut else told

    def as_target(self) -> TextCodec:
        """Keep case, and longer texts: what is written is read; look for a closed set."""
        return replace(
            self,
            fold_case=False,
            max_tokens=max(self.max_tokens, MAX_WRITTEN),
            most_answers=MOST_ANSWERS if self.most_answers < 0 else self.most_answers,
            most_letters=MOST_LETTERS if self.most_letters < 0 else self.most_letters,
        )

    def fit_beside(self, targets: Sequence[Arrays], places: np.ndarray) -> TextCodec:
        """Keep the alphabet where the texts may be what is said in the lines beside them."""
        texts = [self.decode(arrays) for arrays in targets]
        if may_spell(texts, places, self.alphabet):
            return self
        return replace(self, alphabet="", known=())

    def check_target(self, num_rows: int) -> None:
        if not self.merges:
            raise TargetError(
                "there is no text to learn from",
                expected="rows with a text",
                received=f"{num_rows} rows",
            )

    def decode(self, arrays: Arrays) -> str:
        return arrays["bytes"].tobytes().decode("utf-8", "ignore").strip()

    def written(self, tokens: Sequence[int], sureness: float) -> Arrays:
        """Return arrays of the text that a network wrote in pieces, and how sure it was."""
        text = pieces(self.merges).decode(tokens)
        return {
            "tokens": np.array([*tokens] or [NOTHING], np.int32),
            "bytes": np.frombuffer((text or " ").encode(), np.uint8),
            SURENESS: np.array(sureness, np.float64),
        }

    def spelled(self, letters: Sequence[int], sureness: float) -> Arrays:
        """Return arrays of the text that was spelled in numbers of letters, and how sure it is."""
        text = "".join(self.alphabet[letter - 1] for letter in letters).strip()
        return {**self.prepare(text), SURENESS: np.array(sureness, np.float64)}

    def write(self, raw: str) -> str:
        return raw

    def answer(self, raws: Sequence[str]) -> Mapping[str, Any]:
        return {"prediction": list(raws)}

    def compare(self, said: str, true: str) -> np.ndarray:
        return counted(said, true)

    def metrics(self, compared: Sequence[np.ndarray]) -> dict[str, float]:
        return metrics_by(self.resampled, compared)

    def right(self, said: Sequence[str], true: Sequence[str]) -> float:
        """Return how well texts are said, by what a confidence tells."""
        pairs = zip(said, true, strict=True)
        return self.metrics([self.compare(*pair) for pair in pairs])[self.foretold]

    def resampled(
        self, compared: Sequence[np.ndarray], counts: np.ndarray
    ) -> Mapping[str, np.ndarray]:
        return resampled(compared, counts)

    def panel(self, said: Sequence[str], true: Sequence[str]) -> Html:
        return compared(said, true)

    def _folded(self, raw: str) -> str:
        return raw.lower() if self.fold_case else raw

    def _start(self, text: str) -> str:
        """Cut what no token can reach, so that long texts cost no more than short ones."""
        return text[: self.max_tokens * MAX_PIECE]


def _first(raws: Iterable[Any], *, num_characters: int) -> Iterable[str]:
    for raw in raws:
        if num_characters <= 0:
            return
        num_characters -= len(raw)
        yield raw
