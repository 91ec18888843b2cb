"""A causal language model in a local folder, or in one GGUF file: opened, loaded, and bundled.

Guarantees: nothing is fetched without ``allow_network``; weights are read from safetensors or GGUF,
never from a pickle; code that a checkpoint brings is ignored. Does not guarantee: that what the
model writes is true, harmless or fair, nor that it was free to be used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import asdict, dataclass, fields
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plait.backbones.folder import (
    CheckpointError,
    find_folder,
    hash_files,
    read_json,
    read_settings,
    weight_files,
)
from plait.backbones.licence import licence_of_folder
from plait.backbones.version import LANGUAGE_VERSION
from plait.errors import ExtraError
from plait.writing import spare_folder

if TYPE_CHECKING:
    from plait.nn.language_model import LanguageModel

KNOWN = ("gpt_neox", "llama", "mistral", "olmo2", "phi3", "qwen2", "qwen3", "smollm3")
"""Architectures (``model_type`` of config.json) that are known to write behind learned places."""

CONFIG, TOKENIZER, GGUF = "config.json", "tokenizer.json", ".gguf"
RANK, MOST = 8, 256


@dataclass(frozen=True, kw_only=True)
class LanguageCheckpoint:
    """An opened language model; its weights are loaded only by `load`.

    Attributes:
        name: Of its folder or file.
        folder: Where its files lie.
        file: Name of the GGUF file; "" where its weights are safetensors.
        architecture: As in `KNOWN`.
        key: 40 hex digits of its files' content.
        licence: As its card tells it; "" where it does not.
        rank: Of the low-rank corrections that are learned beside it; 0 for none.
        most: Tokens of a text that it writes, at most.
    """

    name: str
    folder: Path
    file: str = ""
    architecture: str
    key: str
    licence: str = ""
    rank: int = RANK
    most: int = MOST

    def load(self) -> LanguageModel:
        """Load the weights (imports torch and transformers).

        Raises:
            CheckpointError: They do not fit the configuration, or no token is told that ends texts.
        """
        from plait.nn.language_model import LanguageModel

        network, tokenizer = _network(self), _tokenizer(self)
        config = network.config
        ends = config.eos_token_id
        end = ends[0] if isinstance(ends, list) and ends else ends
        if not isinstance(end, int):
            raise CheckpointError(
                "the language model does not say which token ends a text",
                expected=f"eos_token_id in {CONFIG}",
                received=ends,
                path=self.folder,
            )
        ids = tokenizer.encode("a").ids
        begin = ids[:1] if ids and ids[0] == config.bos_token_id else []
        found = LanguageModel(
            network, tokenizer, begin=begin, end=end, rank=self.rank, most=self.most
        )
        if self.rank and not found.corrected:
            raise CheckpointError(
                "the language model has no attention that corrections could be added to",
                expected="a linear layer q_proj, v_proj, query_key_value or qkv_proj",
                path=self.folder,
                hint="--tune frozen uses it as it is",
            )
        return found

    def files(self) -> dict[str, bytes]:
        """Return its files, as a bundle carries them."""
        return {file.name: file.read_bytes() for file in _files(self.folder, self.file)}

    def facts(self) -> dict[str, Any]:
        """Return what a bundle tells of it."""
        return {name: value for name, value in asdict(self).items() if name != "folder"}

    @classmethod
    def of(cls, facts: Mapping[str, Any], folder: Path) -> LanguageCheckpoint:
        """Rebuild what `files` and `facts` gave, from a bundle whose hashes were checked.

        Raises `CheckpointError` where that is not what is told.
        """
        told = {one.name: one.type for one in fields(cls) if one.name != "folder"}
        kinds = {"str": str, "int": int}
        if (
            set(facts) != set(told)
            or facts["architecture"] not in KNOWN
            or any(type(facts[name]) is not kinds[str(kind)] for name, kind in told.items())
        ):
            raise CheckpointError(
                "what the bundle tells of its language model is damaged",
                expected=", ".join(told),
                received=", ".join(map(str, facts)),
                path=folder,
                hint="copy the bundle again from its source",
            )
        return cls(folder=folder, **{**facts, "file": Path(facts["file"]).name})


def open_language_model(where: str | Path, *, allow_network: bool = False) -> LanguageCheckpoint:
    """Open a causal language model, or with permission fetch one from the hub.

    A folder holds config.json, tokenizer.json and model.safetensors, or one file that ends in
    ``.gguf``, which may be named itself.

    Args:
        where: Folder, GGUF file, or hub id.
        allow_network: Whether a hub id may be fetched.

    Raises:
        UsageError: There is no such folder; a hub id without permission.
        CheckpointError: A file is missing or damaged, the weights are a pickle, or the architecture
            is not one of `KNOWN`.
        ExtraError: transformers is not installed, or what reads GGUF is not.
    """
    path = Path(where).expanduser()
    if path.suffix == GGUF and path.is_file():
        folder, file = path.resolve().parent, path.name
    else:
        folder = find_folder(where, allow_network=allow_network)
        file = _gguf_in(folder)
    if find_spec("transformers") is None:
        raise ExtraError("hf", "a language model")
    architecture = _architecture(folder, file)
    if architecture not in KNOWN:
        raise CheckpointError(
            "the checkpoint is no language model that plait can write by",
            expected="model_type in config.json, one of " + ", ".join(KNOWN),
            received=architecture,
            path=folder,
        )
    files = _files(folder, file)
    return LanguageCheckpoint(
        name=Path(file).stem if file else folder.name,
        folder=folder,
        file=file,
        architecture=str(architecture),
        key=hashlib.sha256(f"{LANGUAGE_VERSION}|{hash_files(files)}".encode()).hexdigest()[:40],
        licence=licence_of_folder(folder),
    )


def _gguf_in(folder: Path) -> str:
    """Return the name of a folder's one GGUF file; "" where it has settings, or none such."""
    found = sorted(folder.glob(f"*{GGUF}"))
    if (folder / CONFIG).is_file() or not found:
        return ""
    if len(found) > 1:
        raise CheckpointError(
            "the folder holds several language models",
            expected="one file, or the one that is meant named",
            received=", ".join(one.name for one in found),
            path=folder,
        )
    return found[0].name


def _architecture(folder: Path, file: str) -> Any:
    if not file:
        return read_settings(folder / CONFIG, missing="a causal language model").get("model_type")
    if find_spec("gguf") is None or find_spec("accelerate") is None:
        raise ExtraError("gguf", "a language model in GGUF")
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(
            folder, gguf_file=file, local_files_only=True, trust_remote_code=False
        ).model_type
    except Exception as error:
        raise _broken(error, folder / file) from None


def _files(folder: Path, file: str) -> list[Path]:
    """Return the files that make a language model. Raises `CheckpointError` where one is missing,
    or the weights are a pickle."""
    if file:
        return [folder / file]
    weights = weight_files(folder)
    if any(one.suffix != ".safetensors" for one in weights):
        raise CheckpointError(
            "the language model's weights are a pickle",
            expected="model.safetensors",
            received=", ".join(one.name for one in weights),
            path=folder,
        )
    read_json(folder / TOKENIZER, missing="the language model's own tokens")
    return [folder / CONFIG, folder / TOKENIZER, *weights]


def _network(checkpoint: LanguageCheckpoint) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    from plait.backbones.loading import quiet

    told: dict[str, Any] = {"use_safetensors": True}
    if checkpoint.file:
        told = {"gguf_file": checkpoint.file}
    try:
        # What unpacks GGUF draws a bar of its own, which no setting of transformers switches off.
        with quiet(), redirect_stderr(StringIO()):
            return AutoModelForCausalLM.from_pretrained(
                checkpoint.folder,
                dtype=torch.float32,
                local_files_only=True,
                trust_remote_code=False,
                **told,
            )
    except Exception as error:
        raise _broken(error, checkpoint.folder) from None


def _tokenizer(checkpoint: LanguageCheckpoint) -> Any:
    from tokenizers import Tokenizer

    try:
        if not checkpoint.file:
            found = Tokenizer.from_file(str(checkpoint.folder / TOKENIZER))
        else:
            from transformers import AutoTokenizer

            # Alone in a folder: what else lies beside the file is no part of the model's key.
            with spare_folder() as folder:
                there = (checkpoint.folder / checkpoint.file).resolve()
                (folder / checkpoint.file).symlink_to(there)
                found = AutoTokenizer.from_pretrained(
                    folder,
                    gguf_file=checkpoint.file,
                    local_files_only=True,
                    trust_remote_code=False,
                ).backend_tokenizer
    except Exception as error:
        raise _broken(error, checkpoint.folder) from None
    found.no_truncation()
    found.no_padding()
    return found


def _broken(error: Exception, path: Path) -> CheckpointError:
    lines = str(error).strip().splitlines() or [""]
    return CheckpointError(
        "the language model cannot be read",
        expected="weights and tokens that fit its configuration",
        received=f"{type(error).__name__}: {lines[0]}",
        path=path,
        hint="fetch it again, all files of the same version",
    )
