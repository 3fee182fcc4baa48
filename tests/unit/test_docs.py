from __future__ import annotations

import dataclasses
import doctest
import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from mediarescue import errors, inspection
from mediarescue.cli import app
from mediarescue.cli._batch_table import batch_document
from mediarescue.cli._exit import EXIT_BUG
from mediarescue.cli._table import TIMED
from mediarescue.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_RESERVATIONS, EXIT_TERMINATED, MediaRescueError
from mediarescue.pipeline.batch_report import BatchReport, FileOutcome, State
from mediarescue.pipeline.inputs import Inputs, MediaKind
from mediarescue.pipeline.targets import Job
from mediarescue.reports import TimingSource
from tests.support.photos import SAMPLES

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
README = ROOT / "README.md"


def section(text: str, title: str) -> str:
    return re.split(r"^## ", text.split(f"\n## {title}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def fenced(text: str) -> list[str]:
    return re.findall(r"^[ ]*```[a-z]*\n(.*?)^[ ]*```$", text, flags=re.M | re.S)


def slug(heading: str) -> str:
    """Return GitHub's anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize(
    ("title", "command"), [("Try it", "python3 scripts/try.py"), ("Test it", "python3 scripts/test.py")]
)
def test_readme_gives_one_command_which_ci_runs(title: str, command: str) -> None:
    assert fenced(section(README.read_text(encoding="utf-8"), title)) == [command + "\n"]
    assert f"step {command}" in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert (ROOT / command.split()[1]).is_file()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    text = re.sub(r"^[ ]*```.*?^[ ]*```$", "", document.read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), flags=re.M)
            assert anchor in map(slug, headings), link


def test_every_picture_is_used_and_small_enough() -> None:
    texts = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.name in texts
        assert picture.stat().st_size <= 200_000


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder that holds the shipped pair, under its own names and those of the examples."""
    for name, copies in {
        "moov-never-written.mp4": ("tests/fixtures/moov-never-written.mp4", "broken.mp4"),
        "healthy-same-camera.mp4": ("tests/fixtures/healthy-same-camera.mp4", "good.mp4"),
    }.items():
        for copy in copies:
            (tmp_path / copy).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(FIXTURES / name, tmp_path / copy)
    (tmp_path / "rescued").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("pair")
def test_the_library_examples_of_the_readme_run() -> None:
    failed, tried = doctest.testfile(str(README), module_relative=False, encoding="utf-8", verbose=False)
    assert tried >= 4
    assert failed == 0


@pytest.mark.usefixtures("pair")
def test_the_examples_of_the_python_page_run() -> None:
    failed, tried = doctest.testfile(str(ROOT / "docs" / "api.md"), module_relative=False, encoding="utf-8")
    assert tried >= 10
    assert failed == 0


def test_the_examples_of_the_photo_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photo.jpg").write_bytes(next(sample for sample in SAMPLES if sample.name == "jpeg-420").build())
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(str(ROOT / "docs" / "photos.md"), module_relative=False, encoding="utf-8")
    assert tried >= 7
    assert failed == 0


@pytest.mark.usefixtures("pair")
def test_the_session_in_the_readme_is_what_the_program_prints(capsys: pytest.CaptureFixture[str]) -> None:
    sessions = [b for b in fenced(README.read_text(encoding="utf-8")) if b.startswith("$ mediarescue untrunc")]
    assert len(sessions) == 1
    command, _, printed = sessions[0].partition("\n")
    assert app.main(command.split()[2:]) == EXIT_OK
    assert capsys.readouterr().out == printed


@pytest.mark.usefixtures("pair")
def test_the_sessions_with_inspect_are_what_the_program_prints(capsys: pytest.CaptureFixture[str]) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (README, ROOT / "docs" / "inspect.md")]
    sessions = [b for text in texts for b in fenced(text) if b.startswith("$ mediarescue inspect")]
    assert len(sessions) == 3
    for session in sessions:
        command, _, printed = session.partition("\n")
        app.main(command.split()[2:])
        assert capsys.readouterr().out == printed


@pytest.mark.usefixtures("pair")
def test_the_session_with_extract_is_what_the_program_prints(capsys: pytest.CaptureFixture[str]) -> None:
    (session,) = [b for b in fenced(README.read_text(encoding="utf-8")) if b.startswith("$ mediarescue extract")]
    command, _, printed = session.partition("\n")
    assert app.main(command.split()[2:]) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.usefixtures("pair")
def test_the_session_with_reencode_is_what_the_program_prints(capsys: pytest.CaptureFixture[str]) -> None:
    (session,) = [b for b in fenced(README.read_text(encoding="utf-8")) if b.startswith("$ mediarescue reencode")]
    command, _, printed = session.partition("\n")
    assert app.main(command.split()[2:]) == errors.InputError.exit_code
    assert lasting(capsys.readouterr().out) == lasting(printed)


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize("document", ["README.md", "docs/frames.md"])
def test_the_sessions_with_frames_are_what_the_program_prints(
    document: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    exported, imported = [block for block in fenced(text) if block.startswith("$ mediarescue frames")]
    for session in (exported, imported):
        command, _, printed = session.partition("\n")
        assert app.main(command.split()[2:]) == EXIT_OK
        assert lasting(capsys.readouterr().out) == lasting(printed)
        picture = Path("pictures", "000024.png")
        with Image.open(picture) as before:
            painted = before.convert("RGB")
        painted.paste((0, 0, 0), (10, 10, 30, 30))
        painted.save(picture)


@pytest.mark.usefixtures("pair")
def test_the_examples_of_the_page_on_frames_run() -> None:
    failed, tried = doctest.testfile(str(ROOT / "docs" / "frames.md"), module_relative=False, encoding="utf-8")
    assert tried >= 8
    assert failed == 0


@pytest.mark.usefixtures("pair")
def test_every_field_of_frames_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "frames.md").read_text(encoding="utf-8")
    assert app.main(["frames", "export", "good.mp4", "pictures", "--frames", "1-2", "--json"]) == EXIT_OK
    listed = json.loads(Path("pictures", "frames.json").read_bytes())
    for title, fields in {
        "field of `source`": listed["source"],
        "field of `pictures`": listed["pictures"],
        "field of `frames`": listed["frames"][0],
        "field of the result": json.loads(capsys.readouterr().out),
    }.items():
        rows = re.findall(r"^\| (`.*?) \|", text.split(f"| {title} |")[1].split("\n\n")[0], flags=re.M)
        assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(fields), title
    for command in ("export", "import"):
        app.main(["frames", command, "--help"])
        options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - _EVERYWHERE
        assert options <= set(re.findall(r"--[a-z-]+", text)), command


_EVERYWHERE = {"--help", "--json", "--quiet", "--verbose", "--progress", "--output"}
"""Options of every command."""


def lasting(text: str) -> str:
    """Leave out how long it took, how fine and small the encoder of the day makes it, and the columns that follow."""
    return re.sub(r" +", " ", re.sub(r"crf [\d.]+", "crf", re.sub(r"[\d.]+ (s|kB)\b", r"\1", text)))


def test_every_field_of_the_result_of_a_batch_is_documented() -> None:
    text = (ROOT / "docs" / "batch.md").read_text(encoding="utf-8")
    job = Job(Path("a.mp4"), Path("b.mp4"), MediaKind.VIDEO)
    document = batch_document(BatchReport((FileOutcome(job, State.DONE),), 1.0), Inputs(()), command="", dry_run=False)
    for title, fields in {"field": {*document, "error"}, "field of a file": set(document["files"][0])}.items():
        table = text.split(f"| {title} |")[1].split("\n\n")[0]
        rows = re.findall(r"^\| (`.*?) \|", table, flags=re.M)
        assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == fields, title
    for state in State:
        assert f"`{state.value}`" in text


def test_every_field_and_state_of_inspect_is_documented() -> None:
    text = (ROOT / "docs" / "inspect.md").read_text(encoding="utf-8")
    states = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", text, flags=re.M))
    assert states == {
        state.value: str(inspection.InspectReport("", 0, state, "").exit_code) for state in inspection.FileState
    }
    for title, form in {
        "field of a file": inspection.InspectReport,
        "field of a box": inspection.BoxInfo,
        "field of a track": inspection.TrackInfo,
        "field of `fragments`": inspection.FragmentInfo,
        "field of a finding": inspection.Finding,
    }.items():
        table = text.split(f"| {title} |")[1].split("\n\n")[0]
        named = {
            name for row in re.findall(r"^\| (`.*?) \|", table, flags=re.M) for name in re.findall(r"`(\w+)`", row)
        }
        assert named - {"exit_code"} == {field.name for field in dataclasses.fields(form)}, title


def test_every_exit_code_is_documented() -> None:
    rows = re.findall(
        r"^\| (\d+) \| (?:`(\w+)`)?", (ROOT / "docs" / "errors.md").read_text(encoding="utf-8"), flags=re.M
    )
    documented = {int(code): name for code, name in rows}
    exceptions = {
        value.exit_code: name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, MediaRescueError)
    }
    plain = dict.fromkeys((EXIT_OK, EXIT_RESERVATIONS, EXIT_INTERRUPTED, EXIT_TERMINATED), "")
    assert documented == exceptions | plain
    assert documented[EXIT_BUG] == "MediaRescueError"


def test_every_word_for_the_source_of_times_is_explained() -> None:
    text = (ROOT / "docs" / "how-untrunc-works.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", text, flags=re.M)
    assert dict(explained) == {TIMED[source]: source.value for source in TimingSource} | {"timed by": "timing_source"}


def test_the_modules_that_the_architecture_names_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("## Where the code differs")[0]
    package = ROOT / "src" / "mediarescue"
    names = {path.relative_to(package).as_posix() for path in package.rglob("*.py")}
    for name in re.findall(r"`([\w/]+\.py)`", text):
        assert any(f"/{known}".endswith(f"/{name}") for known in names), name
