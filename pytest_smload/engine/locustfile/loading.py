"""Makes Locust's environment of a locustfile, as its command line does."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

from locust import events, log
from locust.argument_parser import get_parser
from locust.env import Environment
from locust.util.load_locustfile import load_locustfile

if TYPE_CHECKING:
    from pytest_smload.engine.locustfile.job import LocustfileJob


class LoadingError(Exception):
    """A locustfile that cannot be run; its text is a sentence."""


def environment_of(job: LocustfileJob) -> Any:
    """Return Locust's environment, with its runner, for *job*; the global events are its own, as under the CLI.

    Raises:
        LoadingError: the file cannot be imported, or has nothing to run.
    """
    # The user's code may look at the command line, or parse it.
    sys.argv = ["locust", *job.arguments]
    user_classes, shapes = _imported(job)
    if not user_classes:
        raise LoadingError("it has no class of Locust's User that is not abstract; define one with a @task")
    shape = shapes[0] if shapes else None
    if shape is None and job.users is None:
        raise LoadingError("how much load? give users, or a LoadTestShape in the file")
    log.unhandled_greenlet_exception = False
    options = _options(job)
    if log.unhandled_greenlet_exception:
        raise LoadingError("a listener of its init_command_line_parser event raised; see what it printed")
    log.setup_logging("WARNING")  # type: ignore[no-untyped-call]
    try:
        environment = Environment(
            user_classes=list(user_classes.values()),
            shape_class=shape,
            events=events,
            host=options.host,
            parsed_options=options,
            locustfile=os.path.basename(job.path),  # noqa: PTH119 - as Locust has it
            parsed_locustfiles=[job.path],
            available_user_classes=dict(user_classes),
            available_shape_classes={type(each).__name__: each for each in shapes},
            available_user_tasks={name: list(each.tasks) for name, each in user_classes.items()},
            profile=options.profile,
        )
        environment._filter_tasks_by_tags()
    except (ValueError, AttributeError) as error:
        raise LoadingError(" ".join(str(error).split())) from None
    _refuse_nothing_to_do(environment.user_classes, job)
    environment.create_local_runner()
    events.init.fire(  # type: ignore[no-untyped-call]
        environment=environment, runner=environment.runner, web_ui=None
    )
    if log.unhandled_greenlet_exception:
        raise LoadingError("a listener of its init event raised; see what it printed")
    return environment


def _imported(job: LocustfileJob) -> tuple[dict[str, Any], list[Any]]:
    try:
        return load_locustfile(job.path)
    except SystemExit as error:
        raise LoadingError(f"it called sys.exit({error.code!r}) while it was imported") from None
    except BaseException as error:
        raise LoadingError(f"it cannot be imported: {_said(error, job.path)}") from None


def _said(error: BaseException, path: str) -> str:
    """The exception in one line, with the line of the user's own file it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == path), None)
    text = " ".join(str(error).split())
    where = f" (line {line})" if line is not None and not isinstance(error, SyntaxError) else ""
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"


def _options(job: LocustfileJob) -> Any:
    try:
        return get_parser(default_config_files=[]).parse_args(job.arguments)
    except SystemExit:
        raise LoadingError("Locust refuses its options; see what it printed") from None


def _refuse_nothing_to_do(user_classes: list[Any], job: LocustfileJob) -> None:
    """Tags may leave a class without tasks: under the CLI its users raise, one exception after the other."""
    idle = [each.__name__ for each in user_classes if not each.tasks]
    if idle and (job.tags or job.exclude_tags):
        raise LoadingError(f"tags leave {', '.join(idle)} without a task; ask for others, or tag one of its tasks")
    if idle:
        raise LoadingError(f"{', '.join(idle)} has no task; mark a method with @task")
