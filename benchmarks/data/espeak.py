"""Speech by synthetic voices: the library of espeak-ng (GPL-3, run only), where it is installed."""

from __future__ import annotations

import ctypes

import numpy as np

LIBRARY = "libespeak-ng.so.1"
SYNCHRONOUS, RATE, PITCH, UTF8, CHARACTERS = 2, 1, 3, 1, 1
"""Numbers of espeak-ng's ``speak_lib.h``: an output, two parameters, a coding, a unit."""


class Speaker:
    """Speaks texts within this process: a hundredth of a second each.

    Raises:
        RuntimeError: The library is not there.
    """

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise RuntimeError(f"{error}; hint: apt-get install espeak-ng") from None
        self.rate_hz = int(self._library.espeak_Initialize(SYNCHRONOUS, 0, None, 0))
        self._heard: list[np.ndarray] = []
        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
        )
        self._hears = kind(self._hear)
        self._library.espeak_SetSynthCallback(self._hears)

    def __call__(self, text: str, voice: str, pace: int, pitch: int) -> np.ndarray:
        """Return the samples, float32 in [-1, 1], at `rate_hz`.

        Args:
            text: What is said.
            voice: A language and a variant, ``en+f2``.
            pace: Words a minute.
            pitch: 0 to 99.

        Raises:
            ValueError: There is no such voice, or nothing was said.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        self._library.espeak_SetParameter(RATE, pace, 0)
        self._library.espeak_SetParameter(PITCH, pitch, 0)
        self._heard, data = [], text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, CHARACTERS, 0, UTF8, None, None)
        if not self._heard:
            raise ValueError(f"espeak-ng said nothing of {text!r}")
        return np.concatenate(self._heard)

    def _hear(self, samples: ctypes._Pointer[ctypes.c_short], num: int, _: int) -> int:
        if samples and num > 0:
            heard = np.ctypeslib.as_array(samples, (num,)).astype(np.float32) / 32768
            self._heard.append(heard)
        return 0
