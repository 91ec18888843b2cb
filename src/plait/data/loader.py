"""Gives batches of prepared rows, made ahead in a thread; the same for the same seed."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from plait.data.batching import Batching
from plait.data.collation import collate as collate
from plait.data.prepared import Prepared
from plait.data.shared_values import SharedValues
from plait.data.together import Together
from plait.errors import UsageError
from plait.types import Arrays, Batch, ColumnBatch

_Item = tuple[np.ndarray, Batch] | BaseException | None


class Loader:
    """Batches of chosen rows and columns.

    Batch *i* of epoch *e* depends only on (seed, e, i): training can be resumed anywhere.

    Args:
        prepared: The values.
        rows: Which rows.
        columns: Which columns.
        batch_size: Rows per batch; the last batch of an epoch may be smaller.
        augment: Whether to change values at random with their codec's `augment`.
        plain_epochs: So many epochs begin without that.
        shuffle: Whether to give rows in another order every epoch.
        bucket: Whether rows of similar length may be put together; see `Batching`.
        seed: Of order and augmentation, not negative.
        num_ahead: Batches made ahead; 0 makes them in the calling thread.
        view: Loaders that differ only in this give the same rows, augmented otherwise.
        part: ``(i, n)`` gives the i-th of n parts of each batch, which may be empty; they differ
            in their augmentation too.
        shared: Columns of which rows of a batch may share values (`ColumnBatch.index`), where large
            ones recur: with `shuffle` such rows come together, augmented alike.
        together: What varies columns of several rows together, before each value is varied by
            itself; those columns that it alone may vary are given beside the others.
        together_at: Tells whether rows of a step are varied together.

    Attributes:
        wait_seconds: Time spent waiting for batches since it was last set to 0.
    """

    def __init__(
        self,
        prepared: Prepared,
        rows: Sequence[int] | np.ndarray,
        columns: Sequence[str],
        *,
        batch_size: int,
        augment: bool = False,
        plain_epochs: int = 0,
        shuffle: bool = False,
        bucket: bool = False,
        seed: int = 0,
        num_ahead: int = 4,
        view: int = 0,
        part: tuple[int, int] = (0, 1),
        shared: Sequence[str] = (),
        together: Together | None = None,
        together_at: Callable[[int], bool] = lambda step: True,
    ) -> None:
        if batch_size < 1 or seed < 0:
            raise UsageError(
                "the loader cannot work so",
                expected="batch_size > 0, seed >= 0",
                received=f"batch_size={batch_size}, seed={seed}",
            )
        self._told = (
            {}
            if together is None
            else {name: prepared.columns[name] for name in together.columns if name not in columns}
        )
        self._columns = {name: prepared.columns[name] for name in columns}
        rows = np.asarray(rows, np.int64)
        self._shared = SharedValues({name: self._columns[name] for name in shared}, rows)
        self._batching = Batching(
            self._columns.values(), rows, batch_size=batch_size, shuffle=shuffle, bucket=bucket,
            seed=seed, together=self._shared.together,
        )  # fmt: skip
        self._augment, self._plain_epochs = augment, plain_epochs
        self._seed, self._num_ahead = seed, num_ahead
        self._part = part
        self._together, self._together_at = together, together_at
        self._view = [view, *part] if part[1] > 1 else [view] if view else []
        self.wait_seconds = 0.0

    @property
    def num_batches(self) -> int:
        """Batches of an epoch."""
        return self._batching.num_batches

    def batches(self, step: int) -> Iterator[tuple[np.ndarray, Batch]]:
        """Yield batches without end, epoch after epoch, from the batch of a step on."""
        number, start = divmod(step, self.num_batches)
        while True:
            yield from self.epoch(number, start)
            number, start = number + 1, 0

    def epoch(self, number: int, start: int = 0) -> Iterator[tuple[np.ndarray, Batch]]:
        """Yield (row numbers, column name -> batch as numpy arrays) from batch `start` on.

        The thread that works ahead ends when the epoch does, when the iterator is closed or
        dropped, and on any exception; one raised in the thread is raised here.
        """
        order = [self._part_of(rows) for rows in self._batching.epoch(number)[start:]]
        if self._num_ahead < 1:
            for i, rows in enumerate(order, start):
                began = time.perf_counter()
                batch = self._make(number, i, rows)
                self.wait_seconds += time.perf_counter() - began
                yield rows, batch
            return
        ahead: queue.Queue[_Item] = queue.Queue(self._num_ahead)
        stop = threading.Event()
        work = threading.Thread(
            target=self._work, args=(number, start, order, ahead, stop), daemon=True
        )
        work.start()
        try:
            while (item := self._wait(ahead)) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            stop.set()
            work.join()

    def _part_of(self, rows: np.ndarray) -> np.ndarray:
        """Return this loader's part of a batch; rows that share values stay together."""
        i, num = self._part
        if self._shared.together is None:
            return rows[i::num]
        return rows[len(rows) * i // num : len(rows) * (i + 1) // num]

    def _wait(self, ahead: queue.Queue[_Item]) -> _Item:
        began = time.perf_counter()
        item = ahead.get()
        self.wait_seconds += time.perf_counter() - began
        return item

    def _work(
        self,
        number: int,
        start: int,
        order: list[np.ndarray],
        ahead: queue.Queue[_Item],
        stop: threading.Event,
    ) -> None:
        try:
            for i, rows in enumerate(order, start):
                if stop.is_set() or not _put(ahead, (rows, self._make(number, i, rows)), stop):
                    return
            _put(ahead, None, stop)
        except BaseException as error:
            _put(ahead, error, stop)

    def _make(self, number: int, i: int, rows: np.ndarray) -> Batch:
        augment = self._augment and number >= self._plain_epochs
        seed, step = [self._seed, number, i], number * self.num_batches + i
        known = self._varied_together(rows, step, seed) if augment else {}
        found = {}
        for place, (name, column) in enumerate(self._columns.items()):
            shared = None if name in known else self._shared.of(name, rows)
            own = rows if shared is None else shared[0]
            drawn = [*seed, place, *self._view]
            batch = (
                self._augmented(name, own, drawn, known.get(name))
                if augment
                else column.gather(own)
            )
            if shared is not None:
                batch = replace(batch, present=column.present[rows], index=shared[1])
            found[name] = batch
        for name, column in self._told.items():
            varied = known.get(name)
            layout = column.codec.layout
            found[name] = column.gather(rows) if varied is None else collate(varied, layout)
        return found

    def _varied_together(
        self, rows: np.ndarray, step: int, seed: list[int]
    ) -> Mapping[str, Sequence[Arrays | None]]:
        """Vary columns of a batch's rows together, from a generator of this batch; none of them
        where they are not to be."""
        if self._together is None or not self._together_at(step):
            return {}
        columns = {**self._columns, **self._told}
        values = {name: [columns[name][row] for row in rows] for name in self._together.columns}
        rng = np.random.default_rng([*seed, len(self._columns), *self._view])
        return self._together(values, rng)

    def _augmented(
        self,
        name: str,
        rows: np.ndarray,
        seed: list[int],
        known: Sequence[Arrays | None] | None = None,
    ) -> ColumnBatch:
        """Augment a column's rows in order, or values made of them, from a generator of this batch
        and column."""
        column, rng = self._columns[name], np.random.default_rng(seed)
        layout, at_once = column.codec.layout, getattr(column.codec, "augment_batch", None)
        if at_once is not None:
            whole = column.gather(rows) if known is None else collate(known, layout)
            batch: ColumnBatch = at_once(whole, rng)
            return batch
        values = [column[row] for row in rows] if known is None else known
        changed = [None if v is None else column.codec.augment(v, rng) for v in values]
        return collate(changed, layout)


def _put(ahead: queue.Queue[_Item], item: _Item, stop: threading.Event) -> bool:
    """Put an item; False when nobody wants it any more."""
    while not stop.is_set():
        try:
            ahead.put(item, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False
