"""A locustfile runs in a process of its own, as under Locust's command line, and nothing of it is left."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from locustfile_runs import USERS, left_of, run

from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.samples.recording import TASKS
from pytest_smload.core.trust.validity import examine
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    pass


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import no_such_module", "it cannot be imported: ModuleNotFoundError: No module named 'no_such_module' (line"),
        ("x = 1", "it has no class of Locust's User that is not abstract"),
        ("sys.exit(3)", r"it called sys.exit(3) while it was imported"),
        ("print('so long', flush=True); os._exit(4)", "code 4 while the file was imported; it last printed 'so long'"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_run_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    """It names the file and the mistake, and nothing was sent."""
    with pytest.raises(ConfigurationError) as raised:
        run(tmp_path, text, users=2)
    assert said in str(raised.value)
    assert str(tmp_path / "locustfile.py") in str(raised.value)
    assert "\n" not in str(raised.value)


def test_users_run_as_under_the_command_line(tmp_path: Path) -> None:
    """Listeners, tags, options and exceptions are Locust's; every event is a sample, under its own name."""
    text = """
    heard = []

    @events.test_start.add_listener
    def begun(environment, **_):
        heard.append("test_start")

    @events.init_command_line_parser.add_listener
    def option(parser):
        parser.add_argument("--mine", default="m")

    class Own(User):
        wait_time = constant(0.02)

        def on_start(self):
            heard.append("on_start")

        @tag("a")
        @task
        def one(self):
            options = self.environment.parsed_options
            send(self, f"{self.host} {heard[0]} {options.mine} {options.tags}")
            print("z" * 100_000)
            raise ValueError("boo")

        @task
        def two(self):
            send(self, "two")
    """
    recording, _ = run(tmp_path, text, users=3, tags=["a"], host="https://h")
    name = "T https://h test_start m ['a']"
    assert {name, TASKS} == set(recording.model_names)
    measured = measure(recording)
    assert measured.routes[name].requests > 10
    assert 0 == measured.routes[name].errors
    assert measured.errors["Task"] >= measured.routes[name].requests - 3
    assert {} == measured.mix
    assert list(recording.samples.end) == sorted(recording.samples.end)


def test_nothing_it_started_is_left(tmp_path: Path) -> None:
    """A child of a fork, one in a session of its own and a command all end with the load; a fork sends nothing."""
    text = (
        USERS
        + """
    import subprocess
    if os.fork() == 0:
        pass  # goes on as if it were the one
    class Forking(User):
        fixed_count = 1
        @task
        def fork(self):
            if os.fork() == 0:
                os.setsid()
                time.sleep(300)
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
            gevent.sleep(300)
    """
    )
    text = dedent(USERS) + dedent(text.removeprefix(USERS))
    recording, _ = run(tmp_path, text, users=2)
    assert measure(recording).routes["T one"].requests > 5
    time.sleep(0.2)
    assert [] == left_of(tmp_path)


def test_a_user_that_waits_in_vain_is_a_timeout(tmp_path: Path) -> None:
    """Its request has no event, and would else be in no figure: the slowest would be left out."""
    text = """
    class Own(User):
        @task
        def hang(self):
            gevent.sleep(300)
    """
    recording, _ = run(tmp_path, text, users=2)
    assert {"Timeout": 2} == dict(measure(recording).errors)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sys.exit(5)", "the locustfile raised SystemExit(5), which ends Locust"),
        ("self.environment.runner.quit()", "the locustfile stopped Locust's runner before the window was over"),
    ],
)
def test_a_file_that_ends_locust_is_invalid(tmp_path: Path, text: str, said: str) -> None:
    """What was measured until then is kept, and is no verdict."""
    body = f"""
    class Own(User):
        @task
        def one(self):
            send(self, "one", ms=300)
            send(self, "one", ms=300)
            {text}
    """
    recording, _ = run(tmp_path, body, users=1, duration="20s")
    health = examine(recording, measure(recording), budgeted_scopes=(), simulated=False)
    assert said in [reason.cause for reason in health.reasons]
    assert len(recording.samples)
    assert recording.window_s < 10


def test_a_load_without_a_request_is_invalid(tmp_path: Path) -> None:
    """No event is no success."""
    text = """
    class Own(User):
        wait_time = constant(0.02)
        @task
        def nothing(self): pass
    """
    recording, _ = run(tmp_path, text, users=1)
    health = examine(recording, measure(recording), budgeted_scopes=(), simulated=False)
    assert not health.valid
    assert "the locustfile reported no request" in health.reasons[0].cause


def test_a_shape_ends_the_load_it_describes(tmp_path: Path) -> None:
    """Users may be left out then; the window ends with it, and a note says so."""
    text = dedent(USERS) + dedent("""
    class Shape(LoadTestShape):
        def tick(self):
            return (2, 10) if self.get_run_time() < 1.5 else None
    """)
    recording, notes = run(tmp_path, text, duration="20s")
    assert 0.5 < recording.window_s < 10
    assert any("Shape of the locustfile ended the load" in note for note in notes)
    assert [] == list(recording.task_exceptions)


def test_all_that_ends_is_told_while_it_runs(tmp_path: Path) -> None:
    """By request name, and the last of it with the load's end; names are told once they are known."""
    heard: list[Any] = []
    recording, _ = run(tmp_path, USERS, LoadHooks(on_progress=heard.append), users=2)

    samples = recording.samples
    told = [row for progress in heard for row in progress.ended.rows.tolist()]
    assert len(samples) == sum(count for *_, count in told)
    assert list(heard[-1].ended.names) == list(recording.model_names)
    in_window = [start >= recording.window_start_s for start in samples.start]
    assert sum(in_window) == sum(count for _, _, is_in_window, _, count in told if is_in_window)


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    """The load ends, says that it was interrupted, and its process is gone; a task that never ends does not hold it."""
    text = """
    class Own(User):
        @task
        def never(self):
            while True:
                send(self, "one")
    """
    pressed = []

    def press(progress: Any) -> None:
        if progress.phase == "window" and not pressed:
            pressed.append(time.monotonic())
            signal.raise_signal(signal.SIGINT)

    recording, _ = run(tmp_path, text, LoadHooks(on_progress=press), users=2, duration="60s", timeout="30s")
    assert recording.interrupted
    assert len(recording.samples)
    assert recording.window_s < 30
