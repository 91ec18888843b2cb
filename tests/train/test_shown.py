"""Training that shows how far it is: full only once it has ended, then with how it ended."""

from __future__ import annotations

from types import SimpleNamespace

from plait.train import shown
from plait.train.budget import Budget
from plait.train.config import TrainConfig


class Told:
    """Keeps what a task was told."""

    def __init__(self):
        self.said = []

    def task(self, name, total=None):
        return lambda done, note="": self.said.append((name, done / total, note))


def test_the_task_is_full_only_once_the_training_has_ended(monkeypatch):
    given, told = {}, Told()

    def train(objective, *, notify, **settings):
        given.update(settings, objective=objective)
        notify(0.5, "cost 1")
        notify(1.0, "cost 0")
        return SimpleNamespace(steps=7, precision="float32")

    monkeypatch.setattr(shown, "train", train)
    settings = {"budget": Budget(7, "steps"), "config": TrainConfig(), "seed": 3, "device": "cpu"}
    result = shown.train_shown("what", "training", told, **settings)
    assert result.steps == 7
    assert given == {"objective": "what", "folder": None, **settings}
    assert told.said == [
        ("training", 0.5, "cost 1"),
        ("training", 0.999, "cost 0"),
        ("training", 1.0, "7 steps, float32"),
    ]
