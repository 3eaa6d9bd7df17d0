"""What `--defects` takes, and what it answers to what it does not take."""

from __future__ import annotations

from fractions import Fraction

import pytest

from generator.engine.faults.shares import Shares, parse_shares
from generator.errors import BadParameter
from generator.spec.model import Model

MODEL = Model.model_validate(
    {
        "name": "small",
        "tables": {
            "items": {
                "delivery": "append",
                "key": ["id"],
                "rows": {"kind": "fixed", "count": 5},
                "columns": {
                    "id": {"type": "integer", "kind": "sequence"},
                    "price": {"type": "decimal", "kind": "uniform", "min": 1, "max": 9},
                },
                "faults": [
                    {"make": "not_positive", "column": "price", "rule": "r", "weight": 2},
                    {"make": "text_for_number", "column": "price", "rule": "r"},
                    {"make": "missing", "column": "price", "rule": "r"},
                    {"make": "broken_quote", "weight": 0},
                ],
            },
            "plain": {
                "delivery": "append",
                "key": ["id"],
                "rows": {"kind": "fixed", "count": 5},
                "columns": {"id": {"type": "integer", "kind": "sequence"}},
            },
        },
    }
)
ITEMS = MODEL.tables["items"]


def test_items_are_read():
    assert parse_shares([]) == Shares(0.0, {})
    assert parse_shares(["0.01"]) == Shares(0.01, {})
    assert parse_shares(["0.01, duplicate_key = 0.02", "missing=0"]) == Shares(
        0.01, {"duplicate_key": 0.02, "missing": 0.0}
    )


def test_items_may_be_parted_by_blanks():
    wanted = Shares(0.05, {"broken_quote": 0.01, "missing": 0.1})
    assert parse_shares(["0.05 broken_quote = 0.01 ,missing=0.1"]) == wanted


def test_json_and_back():
    shares = parse_shares(["0.01,missing=0.5,broken_quote=0.001"])
    assert shares.as_json() == {"base": 0.01, "kinds": {"broken_quote": 0.001, "missing": 0.5}}
    assert Shares.from_json(shares.as_json()) == shares


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["0.6"], r"--defects 0.6: give a share from 0 to 0.5"),
        (["-0.1"], r"--defects -0.1: give a share"),
        (["nan"], r"--defects nan: give a share"),
        (["many"], r"--defects many: give a share from 0 to 0.5, as in"),
        (["0.1,"], r"--defects : give a share"),
        (["missing=0.7"], r"--defects missing=0.7: give a share"),
        (
            ["typo=0.1"],
            r"--defects typo=0.1: 'typo' is no kind of fault; choose among not_positive",
        ),
        (["=0.1"], r"--defects =0.1: '' is no kind of fault"),
        (["0.1", "0.2"], r"--defects 0.2: the share of all kinds is given twice; give it once"),
        (["missing=0.1,missing=0.2"], r"missing=0.2: the share of missing is given twice"),
    ],
)
def test_bad_items_are_named(items, message):
    with pytest.raises(BadParameter, match=message):
        parse_shares(items)


@pytest.mark.parametrize("content", [{"base": 2, "kinds": {}}, {"base": 0, "kinds": {"typo": 0}}])
def test_a_manifest_with_bad_shares_is_refused(content):
    with pytest.raises(BadParameter):
        Shares.from_json(content)


def of(items, fmt="csv"):
    return {fault.make: share for fault, share in parse_shares(items).of("items", ITEMS, fmt)}


def test_shares_are_exact():
    assert of(["0.1"]) == {
        "not_positive": Fraction(1, 20),
        "text_for_number": Fraction(1, 40),
        "missing": Fraction(1, 40),
    }
    assert of(["0.1,missing=0.3"]) == {
        "not_positive": Fraction(1, 15),
        "text_for_number": Fraction(1, 30),
        "missing": Fraction(3, 10),
    }
    assert of(["0.1,missing=0"]).keys() == {"not_positive", "text_for_number"}
    assert of(["broken_quote=0.001"]) == {"broken_quote": Fraction(1, 1000)}


def test_what_a_format_cannot_hold_leaves_its_share_to_the_others():
    assert of(["0.1"], "parquet") == {
        "not_positive": Fraction(1, 15),
        "missing": Fraction(1, 30),
    }
    assert of(["broken_quote=0.001"], "json.gz") == {}


def test_too_much_for_one_table():
    shares = parse_shares(["missing=0.5,text_for_number=0.5"])
    with pytest.raises(BadParameter, match=r"shares of table items add up to 1; lower them to 0.9"):
        shares.check(MODEL, {"items": "csv", "plain": "csv"})


def test_a_kind_that_no_table_can_have():
    formats = {"items": "json", "plain": "csv"}
    with pytest.raises(BadParameter, match=r"wrong_case=0.1: no table of the model small lists"):
        parse_shares(["wrong_case=0.1"]).check(MODEL, formats)
    with pytest.raises(BadParameter, match=r"broken_quote=0.1: items would have it, but not in"):
        parse_shares(["broken_quote=0.1"]).check(MODEL, formats)
    with pytest.raises(BadParameter, match=r"lists this fault; leave it out"):
        parse_shares(["missing=0.1"]).check(MODEL, {"plain": "csv"})
    parse_shares(["0.2,wrong_case=0"]).check(MODEL, formats)
