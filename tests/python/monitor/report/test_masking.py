"""Personal data in samples: masked in a fixed form, whatever the source calls its columns."""

from __future__ import annotations

import pytest

from monitor.masking import mask, mask_addresses, mask_record

PERSONAL = {"email", "phone", "first_name", "birth_date"}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("ada@example.com", "a•••@•••"),
        ("Lovelace", "L•••"),
        ("+49 30 123", "•••"),
        ("1815-12-10", "•••"),
        ("@", "•••@•••"),
        ("Ü", "Ü•••"),
        ("", ""),
    ],
)
def test_a_mask_has_a_fixed_form(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_personal_columns_are_found_however_they_are_written() -> None:
    record = {"E-Mail": "ada@example.com", "FIRST_NAME": "Ada", "firstName": "Ada", "city": "Rome"}
    assert mask_record(record, PERSONAL) == {
        "E-Mail": "a•••@•••",
        "FIRST_NAME": "A•••",
        "firstName": "A•••",
        "city": "Rome",
    }


def test_addresses_are_masked_wherever_they_stand() -> None:
    # A line that was cut wrongly has values in columns that are not theirs.
    assert mask_record({"city": "ada@example.com", "n": 3, "none": None}, PERSONAL) == {
        "city": "a•••@•••",
        "n": "3",
        "none": None,
    }
    assert mask_addresses("ask bob@x.org, or <eve@x.org>") == "ask b•••@•••, or <e•••@•••>"


def test_of_people_only_what_is_known_to_be_harmless_is_shown() -> None:
    record = {"Strasse": "Am Markt 1", "customer_id": "c-1", "email": "ada@example.com"}
    shown = mask_record(record, PERSONAL, harmless={"customer_id"})
    assert shown == {"Strasse": "A•••", "customer_id": "c-1", "email": "a•••@•••"}
