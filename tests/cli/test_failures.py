"""What goes wrong is told in words, with an exit code; only bugs show a traceback."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys

import pytest

from plait.cli import main, run
from plait.errors import CellError, UsageError
from plait.installation import install_command

FIT = ["fit", "shop.csv", "--target", "kind"]
BAD_CELL = CellError(
    "the file does not exist", expected="a file", column="photo", row=3, hint="mend the path"
)


def test_an_error_says_where_and_ends_with_a_hint(recipes, capsys):
    recipes.error = BAD_CELL
    assert run(FIT) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: the file does not exist\n")
    assert "column 'photo', row 3" in err
    assert err.endswith("hint: mend the path\n")


def test_an_error_is_json_on_stdout_when_asked(recipes, capsys):
    recipes.error = BAD_CELL
    assert run([*FIT, "--json"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out) == {
        "error": "CellError",
        "what": "the file does not exist",
        "expected": "a file",
        "hint": "mend the path",
        "column": "photo",
        "row": 3,
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["fit"], "there is no table to learn from"),
        ([*FIT, "--size", "huge"], "'huge' is none of auto, tiny, small, base"),
        ([*FIT, "--on-error", "ignore"], "'ignore' is none of raise, skip"),
        ([*FIT, "--seed", "x"], "Invalid value for '--seed'"),
        ([*FIT, "--fusion", "sideways"], "auto, early, mid, late or the number of a layer"),
        ([*FIT, "--bogus"], "No such option"),
    ],
)
def test_a_wrong_call_is_exit_code_2(words, message, recipes, capsys):
    assert run(words) == 2
    err = capsys.readouterr().err
    assert message in err
    assert recipes.calls == []
    assert run([*words, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"] == "UsageError"


def test_a_usage_error_of_a_recipe_is_exit_code_2(recipes):
    recipes.error = UsageError("no such budget")
    assert run(FIT) == 2


def test_ctrl_c_is_told_without_a_traceback(recipes, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipes.error = KeyboardInterrupt()
    assert run([*FIT, "--quiet"]) == 130
    assert capsys.readouterr().err == "error: stopped\n", "there is nothing to go on from"
    folder = tmp_path / ".m.plait.unfinished"
    folder.mkdir()
    for name in ("settings.json", "lock", "training.checkpoint"):
        (folder / name).write_text("{}")
    assert run([*FIT, "--quiet", "--out", "m.plait"]) == 130
    assert capsys.readouterr().err == (
        "error: stopped\nhint: repeat the command with --resume to go on from the last checkpoint\n"
    )
    assert run(["report", "shop.plait"]) == 130
    assert capsys.readouterr().err == "error: stopped\n"


def test_the_systems_errors_are_told_with_their_path(recipes, capsys):
    recipes.error = PermissionError(13, "Permission denied", "shop.plait")
    assert run(FIT) == 1
    assert capsys.readouterr().err == "error: Permission denied\n  where:    shop.plait\n"


def test_a_missing_extra_is_named(recipes, capsys):
    recipes.error = ModuleNotFoundError("No module named 'lightgbm'", name="lightgbm")
    assert run(FIT) == 1
    err = capsys.readouterr().err
    assert "plait fit needs the extra 'table'" in err
    assert f"hint: {install_command('table')}" in err


def test_a_bug_keeps_its_traceback(recipes):
    recipes.error = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError, match="a bug"):
        run(FIT)


def test_main_exits_with_the_code_and_version_is_printed(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("plait 0.")


def test_no_words_at_all_print_the_help(capsys):
    assert run([]) == 0
    assert "Usage: plait" in capsys.readouterr().out


def test_a_reader_that_leaves_early_gets_no_complaint():
    code = "import sys; from plait.cli import main; sys.argv=['plait','--help']; main()"
    shell = f'"{sys.executable}" -c "{code}" | true'
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("words", [["--version"], ["fit", "--help"]], ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_standard_output_is_told(words, unbuffered, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "plait", *words], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("error: the disk is full\n  where:    standard output")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_rows_that_do_not_fit_behind_standard_output_are_told():
    code = (
        "from pathlib import Path\nfrom plait.cli.failures import failure_of\n"
        "from plait.recipes.row_files import writing_to\n"
        "try:\n    with writing_to(Path('-')) as out:\n        out.write_text('row\\n' * 9999)\n"
        "except Exception as error:\n    failure_of(error, ['predict']).tell(as_json=True)\n"
    )
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 0 and done.stderr.decode().startswith("error: the disk is full")
    assert b"standard output" in done.stderr and b"Traceback" not in done.stderr


def test_the_process_ends_without_a_search_for_garbage(monkeypatch):
    registered = []
    monkeypatch.setattr("atexit.register", registered.append)
    with pytest.raises(SystemExit):
        main(["--version"])
    assert registered == [gc.freeze]
