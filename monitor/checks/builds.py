"""Builds and dbt's own tests: what became of them last, and whether they have seen everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.check import Check, Group, Severity, Status
from monitor.checks.context import Context, about, listed
from monitor.manifest import Node
from warehouse.console import counted

_LAST_BUILD = """
select
    build.build,
    build.started_at,
    exists (
        select from monitoring._run_results as result where result.build = build.build
    ) as has_ended
from quality._builds as build
order by build.build desc
limit 1
"""

_LAST_RESULTS = """
select distinct on (node)
    node, build, status, rows_affected, started_at, proven_build
from monitoring._run_results
order by node, build desc, started_at desc nulls last
"""

_SHOW_RESULTS = """
select build, status, rows_affected, seconds, started_at
from monitoring.run_results
where node = %(node)s
order by build desc, started_at desc
"""

_SHOW_FAILED = """
select distinct on (node) node, build, status, started_at
from monitoring.run_results
where resource_type in ('model', 'seed', 'snapshot')
order by node, build desc, started_at desc nulls last
"""

_SHOW_BUILDS = "select build, started_at from quality._builds order by build desc limit 20"

# Of dbt's own tests and those that extend them; what is none of these adds figures up.
_GROUPS = {
    "not_null": Group.SCHEMA,
    "unique": Group.SCHEMA,
    "accepted_values": Group.RULES,
    "relationships": Group.REFERENCES,
    "validity_intervals": Group.SCHEMA,
}

_BUILT_WELL = ("success", "pass")


def build_checks(context: Context) -> Iterator[Check]:
    """Judge the last build, every model by its last result, and every test by its own."""
    lacking = context.lacking("quality._builds", "monitoring._run_results")
    results = {row["node"]: row for row in ([] if lacking else context.dicts(_LAST_RESULTS))}
    yield _last_build(context, lacking)
    yield _models(context, lacking, results)
    marks: dict[str, int] = {}
    if not lacking and context.is_there("quality._high_water_marks"):
        marks = dict(context.rows("select model, build from quality._high_water_marks"))
    for node in context.manifest.tests():
        yield _test(context, node, results.get(node.name), marks)


def _last_build(context: Context, lacking: str | None) -> Check:
    last = None if lacking else next(iter(context.dicts(_LAST_BUILD)), None)
    if last is None:
        status, message = Status.FAIL, lacking or "nothing was built yet: make build"
    else:
        began = f"build {last['build']} of {last['started_at']:%Y-%m-%d %H:%M} UTC"
        if last["has_ended"]:
            status, message = Status.PASS, f"{began} came to its end"
        elif context.is_dbt_at_work():
            status, message = Status.WARN, f"{began} is still at work"
        else:
            status = Status.FAIL
            message = f"{began} was killed before its end: make build goes on where it stopped"
    return Check(
        key="build:last",
        group=Group.RECONCILIATION,
        name="the last build came to its end",
        status=status,
        message=message,
        subject="quality._builds",
        severity=Severity.CRITICAL,
        sql=_SHOW_BUILDS,
    )


def _models(
    context: Context, lacking: str | None, results: Mapping[str, Mapping[str, Any]]
) -> Check:
    last = [(node, results[node.name]) for node in context.manifest.relations()
            if node.name in results]  # fmt: skip
    bad = [(node, result) for node, result in last if result["status"] not in _BUILT_WELL]
    failed = [node.name for node, result in bad if result["status"] != "skipped"]
    skipped = [node.name for node, result in bad if result["status"] == "skipped"]
    parts = [f"failed: {listed(failed)}"] * bool(failed)
    parts += [f"skipped, so they hold what they held before: {listed(skipped)}"] * bool(skipped)
    message = "; ".join(parts) or f"{counted(len(last), 'model')} built well when last built"
    return Check(
        key="build:models",
        group=Group.RECONCILIATION,
        name="every model was built well",
        status=Status.FAIL if bad else Status.PASS if last else Status.SKIP,
        message=lacking or message,
        subject="monitoring.run_results",
        owner=bad[0][0].owner if bad else None,
        checked=len(last),
        failed=len(bad),
        sql=_SHOW_FAILED.strip(),
        samples=tuple(
            {"model": node.name, "status": result["status"], "build": str(result["build"])}
            for node, result in bad[:20]
        ),
    )


def _test(
    context: Context, node: Node, result: Mapping[str, Any] | None, marks: Mapping[str, int]
) -> Check:
    attached = context.manifest.nodes.get(node.attached_to or "")
    status, message = _verdict(context, node, result, marks)
    told = about(attached or node)
    statement = node.compiled or context.shown(_SHOW_RESULTS, {"node": node.name})
    return Check(
        key=f"test:{node.name}",
        group=_GROUPS.get(node.test or "", Group.RULES if node.test else Group.RECONCILIATION),
        name=_name(node, attached),
        status=status,
        message=message,
        subject=attached.place if attached else node.path,
        owner=node.owner or told["owner"],
        severity=node.severity if "severity" in node.meta else told["severity"],
        tags=(*told["tags"], *(tag for tag in node.tags if tag not in told["tags"])),
        failed=result["rows_affected"] if result else None,
        sql=f"-- dbt test -s {node.name}\n{statement.strip()}",
    )


def _name(node: Node, attached: Node | None) -> str:
    if attached and node.test:
        return f"{node.test.replace('_', ' ')} of {attached.name}"
    return node.name.replace("_", " ")


def _verdict(
    context: Context, node: Node, result: Mapping[str, Any] | None, marks: Mapping[str, int]
) -> tuple[Status, str]:
    if result is None:
        return Status.SKIP, "it never ran: make build runs it"
    build = f"build {result['build']}"
    if result["status"] == "skipped":
        return Status.WARN, f"skipped in {build}: something before it failed"
    if result["status"] == "pass":
        names = {
            context.manifest.nodes[one].name
            for one in context.manifest.ancestors(node.unique_id)
            if one in context.manifest.nodes
        }
        come = min((build for model, build in marks.items() if model in names), default=None)
        if come is not None and come > (result["proven_build"] or 0):
            return Status.WARN, (
                f"passed in {build}, and has not seen what came up to build {come}: dbt test "
                f"-s {node.name}"
            )
        return Status.PASS, f"passed in {build}"
    found = result["rows_affected"]
    rows = "" if found is None else f": {counted(found, 'row')} found"
    bad = Status.WARN if result["status"] == "warn" else Status.FAIL
    verb = {"error": "could not run", "warn": "warned"}.get(result["status"], "failed")
    return bad, f"{verb} in {build}{rows}"
