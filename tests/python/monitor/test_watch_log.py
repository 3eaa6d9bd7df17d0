"""`--log json`: every command of the watch has it, and then says nothing else."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from monitor.__main__ import main
from monitor.log import log_option
from warehouse.console import is_structured, say
from warehouse.errors import WarehouseError


def commands(group: click.Group) -> list[click.Command]:
    inner = [commands(one) for one in group.commands.values() if isinstance(one, click.Group)]
    return [*group.commands.values(), *(one for found in inner for one in found)]


def test_every_command_has_it() -> None:
    lacking = [
        command.name
        for command in commands(main)
        if "log" not in {parameter.name for parameter in command.params}
    ]
    assert lacking == []


@click.command("speak")
@click.option("--fail", is_flag=True)
@log_option
@click.pass_context
def speak(context: click.Context, fail: bool) -> None:
    say("[brackets] are no markup")
    if fail:
        raise WarehouseError("it broke")
    click.echo(json.dumps({"structured": is_structured()}))
    context.exit(3)


@pytest.mark.parametrize(("log", "structured"), [("text", False), ("json", True)])
def test_what_is_said(log: str, structured: bool) -> None:
    result = CliRunner().invoke(speak, ["--log", log])
    assert (result.exit_code, json.loads(result.stdout)) == (3, {"structured": structured})
    if not structured:
        assert result.stderr == "[brackets] are no markup\n"
        return
    (event,) = map(json.loads, result.stderr.splitlines())
    assert (event["event"], event["command"]) == ("message", "speak")


def test_an_error_is_an_event() -> None:
    result = CliRunner().invoke(speak, ["--fail", "--log", "json"])
    assert (result.exit_code, result.stdout) == (1, "")
    *_, last = map(json.loads, result.stderr.splitlines())
    assert (last["event"], last["level"], last["message"]) == ("error", "error", "it broke")
    assert not is_structured()
