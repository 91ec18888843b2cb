"""The fitted model of whole rows: it has no target, and makes rows like those of its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from safetensors.numpy import save

import plait
from plait.bundle import Bundle, to_json, write_bundle
from plait.data.table import Table
from plait.display import html_table, model_name
from plait.errors import TargetError
from plait.listening import heard, listened_if_asked
from plait.model.bundling import WHOLE_ROWS, facts_of, fields_from, files_of
from plait.model.ensemble import DEEP
from plait.model.model import Model
from plait.networks.opening import open_rows
from plait.networks.weights import SavedRows
from plait.progress import Progress
from plait.results import Scores
from plait.types import Html
from plait.whole_rows.columns import column_from, sizes_of
from plait.whole_rows.copula import COPULA, Copula
from plait.whole_rows.drawing import RowDrawer
from plait.whole_rows.made import RowMaker
from plait.whole_rows.reading import read_raws
from plait.whole_rows.tree import INDEPENDENT, TREE, Tree

if TYPE_CHECKING:
    from plait.answer import Answer

WEIGHTS = "rows.safetensors"


@dataclass(repr=False)
class WholeRows(Model):
    """A fitted model of whole rows. Made by ``plait.fit(table, whole_rows=True)`` and `load`.

    Attributes:
        maker: Draws rows.
        sizes: Of the network, where one ships; else empty.
    """

    maker: RowMaker | None = None
    sizes: Mapping[str, int] | None = None

    @property
    def rows(self) -> RowMaker:
        """What draws rows."""
        if self.maker is None:
            raise TargetError("this model of whole rows has nothing that draws")
        return self.maker

    def require_target(self) -> NoReturn:
        """Raise `TargetError`: whole rows have no target."""
        raise TargetError(
            "this bundle makes whole rows, so it has no column to predict",
            expected="a bundle fitted with --target",
            hint="plait generate BUNDLE --n 1000 --out made.csv makes rows; "
            "--given COLUMN=VALUE says what they have in common",
        ).of_call()

    def predict(self, rows: Any, **settings: Any) -> Answer:
        """Raise `TargetError`: nothing is predicted."""
        self.require_target()

    def raws_of(self, table: Table) -> dict[str, list[Any]]:
        """Return column -> what is in all rows of a table, from `Model.as_table`."""
        codecs = {name: self.shown[name] for name in self.rows.columns}
        return read_raws(table, codecs, np.arange(table.num_rows))

    @listened_if_asked
    def evaluate(
        self,
        rows: Any,
        *,
        on_error: str | None = None,
        root: Any = None,
        seed: int = 0,
        strict: bool = False,
        progress: Progress | bool | None = None,
    ) -> Scores:
        """Return ``rows`` and ``metrics``: the mean log-likelihood of rows in nats.

        It is of their codes: of numbers, which bin each lies in. What is missing counts as such.
        """
        heard(progress)
        table = self.as_table(rows, on_error=on_error, root=root, strict=strict)
        found = self.rows.log_likelihood(self.raws_of(table))
        spread = found.std(ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.inf
        mean = float(found.mean())
        ends = [mean - 1.96 * spread, mean + 1.96 * spread]
        return Scores(
            task=WHOLE_ROWS,
            rows=len(found),
            metrics={"log_likelihood": mean},
            intervals={"log_likelihood": ends} if len(found) > 1 else {},
        )

    def summary(self) -> dict[str, Any]:
        """Return the JSON shape of ``plait fit``."""
        metrics = self.records.get("metrics", {})
        told = {"made": metrics.get("made"), "candidates": metrics.get("candidates", [])}
        verdict = self.records.get("metrics", {}).get("verdict")
        return {**super().summary(), "task": WHOLE_ROWS, "verdict": verdict, **told}

    def save(self, path: Path | str) -> Path:
        """Write the bundle atomically and return its path. Raises `BundleError`."""
        drawer = self.rows.drawer
        about = {
            **facts_of(self),
            "task": WHOLE_ROWS,
            "verb": "Makes",
            "mix": {DEEP: 1.0} if self.sizes else {},
            "rows": {
                "columns": {name: one.facts() for name, one in self.rows.columns.items()},
                "drawer": drawer.name,
                "sizes": dict(self.sizes or {}),
            },
        }
        arrays = {name: np.ascontiguousarray(one) for name, one in drawer.arrays().items()}
        files = {**files_of(self), "model.json": to_json(about), WEIGHTS: save(arrays)}
        self.path = write_bundle(path, files, version=plait.__version__)
        return self.path

    def __repr__(self) -> str:
        names = ", ".join(self.rows.columns)
        return f"WholeRows({names:.200}; {self.rows.drawer.name}; {self.path or 'not saved'})"

    def _repr_html_(self) -> Html:
        told = self.records.get("metrics", {}).get("candidates", [])
        rows = [[model_name(one["name"]), one["metrics"]["log_likelihood"]] for one in told]
        note = "makes " + ", ".join(self.rows.columns)
        return html_table("Whole rows", ["learned by", "log-likelihood, nats"], rows, note=note)


def simple_drawer(name: str, arrays: Mapping[str, np.ndarray]) -> RowDrawer:
    """Return what draws without a network. Raises `ValueError` for a name that is unknown."""
    if name == COPULA:
        return Copula.of_arrays(arrays)
    if name in (INDEPENDENT, TREE):
        return Tree.of_arrays(name, arrays)
    raise ValueError(f"unknown way to draw rows: {name}")


def whole_rows_from(bundle: Bundle) -> WholeRows:
    """Return the model of whole rows that a bundle holds; raises as `fields_from`."""
    fields = fields_from(bundle)  # first: it refuses what this plait would read otherwise
    facts = bundle.read_json("model.json")["rows"]
    columns = {name: column_from(one) for name, one in facts["columns"].items()}
    arrays, variables = bundle.read_arrays(WEIGHTS), sizes_of(columns)
    sizes = {name: int(size) for name, size in facts["sizes"].items()}
    drawer = (
        open_rows(SavedRows(variables=variables, sizes=sizes, tensors=arrays))
        if sizes
        else simple_drawer(str(facts["drawer"]), arrays)
    )
    maker = RowMaker(columns=columns, drawer=drawer)
    return WholeRows(**fields, maker=maker, sizes=sizes)
