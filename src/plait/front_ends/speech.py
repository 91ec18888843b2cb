"""Spoken words: faster-whisper, with weights of Whisper that lie on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from numpy import ndarray

from plait.encoders.places import VARIABLE, looks_nowhere
from plait.errors import UsageError
from plait.front_ends.contract import Readiness, TextFound
from plait.front_ends.whisper_weights import ENGLISH, WhisperWeights, best_for, find_whisper
from plait.installation import install_command
from plait.threads import num_threads

NUM_THREADS = 8
"""Whisper is not quicker with more."""

MOST_REPEATED = 2.4
"""What zlib makes smaller than this is one phrase over and over, which nobody said."""

TELL = "put a folder of faster-whisper's into $PLAIT_ENCODERS, or "


class Speech:
    """Transcribes speech by Whisper (Radford et al. 2022), greedily and without drawing by lot.

    Each piece is heard by itself, so that a mistake in one does not run on in the next; where
    faster-whisper's own detector hears no voice there are no words, for Whisper makes some up.
    """

    name, reads, purpose = "speech", "audio", "spoken words"

    def readiness(self, language: str | None = None) -> Readiness:
        """See `FrontEnd.readiness`."""
        mend = install_command("speech")
        if find_spec("faster_whisper") is None:
            return Readiness(lacks="faster-whisper is not installed", mend=mend)
        if looks_nowhere():
            lacks = f"${VARIABLE} is 'none', so that no weights are looked for"
            return Readiness(lacks=lacks, mend=f"unset {VARIABLE}")
        found = find_whisper()
        best = best_for(found, language)
        if best is None and found:
            lacks = f"the weights at hand ({found[0].name}) know English alone, not '{language}'"
            return Readiness(lacks=lacks, mend=TELL + mend)
        if best is None:
            return Readiness(lacks="there are no weights of Whisper here", mend=TELL + mend)
        return Readiness(weights=f"{best.name} ({best.place})", licence=best.licence)

    def read(
        self, pieces: Sequence[ndarray], *, language: str | None = None
    ) -> Iterator[list[TextFound]]:
        """See `FrontEnd.read`; what is not said is the language of the longest piece."""
        best = best_for(find_whisper(), language)
        if best is None:
            raise UsageError("no weights for this language", received=language)
        model = _opened(best)
        if language is not None and language not in model.supported_languages:
            raise UsageError(
                "Whisper does not know this language",
                expected="a code such as en, nl or de",
                received=language,
            )
        if language is None and best.multilingual and pieces:
            language = model.detect_language(max(pieces, key=len))[0]
        for wave in pieces:
            segments, _ = model.transcribe(
                wave,
                language=language or ENGLISH,
                temperature=0.0,
                condition_on_previous_text=False,
                word_timestamps=True,
                vad_filter=True,
            )
            sane = [one for one in segments if one.compression_ratio <= MOST_REPEATED]
            words = [word for one in sane for word in one.words or ()]
            yield [_found(word) for word in words if word.word.strip()]


def _opened(weights: WhisperWeights) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(
        str(weights.folder()),
        device="cpu",
        compute_type="int8",
        cpu_threads=min(num_threads(), NUM_THREADS),
        local_files_only=True,
    )


def _found(word: Any) -> TextFound:
    return TextFound(
        text=word.word.strip(),
        confidence=float(word.probability),
        start=float(word.start),
        end=float(word.end),
    )
