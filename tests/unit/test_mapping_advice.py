"""What a person is told of a deployment's mappings, which mapping a name means, and when one is served anyway."""

import pytest

from karin.mapping.advice import mapping_warnings
from karin.mapping.model import Mapping, Snapshot
from karin.mapping.naming import mappings_named

FIRST, SECOND, THIRD = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "123")


def mapping(uuid: str = FIRST, queue: str = "q", function: str = "f", **fields: object) -> Mapping:
    return Mapping(
        uuid,
        f"arn:aws:sqs:eu-west-1:123456789012:{queue}",
        f"arn:aws:lambda:eu-west-1:123456789012:function:{function}",
        **fields,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (mapping(state="Enabled"), "deploy it with enabled: false, or say `karin serve q`"),
        (mapping(state="Enabling"), "about 648,000 billed requests a month"),
        (mapping(state="Enabled", served_anyway=True), "`karin serve q --undo` ends that"),
        (mapping(state="Updating"), "sync again"),
        (mapping(state="Unknown"), "state Unknown"),
        (mapping(filters_readable=False), "allow lambda:GetEventSourceMapping and kms:Decrypt"),
    ],
)
def test_whatever_keeps_karin_from_delivering_is_told_with_what_to_do(one: Mapping, said: str) -> None:
    [warning] = mapping_warnings([one, mapping(SECOND)])

    assert warning.startswith("mapping q -> f: ")
    assert said in warning


@pytest.mark.parametrize(
    ("one", "is_served", "is_delivered_twice"),
    [
        (mapping(state="Enabled"), False, False),
        (mapping(state="Enabled", served_anyway=True), True, True),
        (mapping(state="Updating", served_anyway=True), True, True),
        (mapping(state="Disabled", served_anyway=True), True, False),
        (mapping(state="Enabled", served_anyway=True, filters_readable=False), False, False),
    ],
)
def test_a_person_may_have_a_mapping_served_whatever_its_state_but_not_whatever_its_filters(
    one: Mapping, is_served: bool, is_delivered_twice: bool
) -> None:
    assert (one.is_served, one.is_delivered_twice) == (is_served, is_delivered_twice)


def test_overriding_names_exactly_the_mappings_that_are_served_anyway() -> None:
    snapshot = Snapshot(1, "123456789012", "eu-west-1", mappings=(mapping(FIRST, served_anyway=True), mapping(SECOND)))

    overridden = snapshot.overridden({SECOND, "of a mapping that is gone"})

    assert [one.served_anyway for one in overridden.mappings] == [False, True]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        (FIRST, [FIRST]),
        (FIRST[:8], [FIRST]),
        (FIRST[:7], []),
        ("mails", [FIRST]),
        ("jobs", [SECOND, THIRD]),
        ("jobs -> slow", [THIRD]),
        ("slow", [THIRD]),
        ("mailer", [FIRST, SECOND]),
        ("nothing", []),
        ("", []),
    ],
)
def test_a_mapping_is_found_by_uuid_title_queue_or_function(name: str, meant: list[str]) -> None:
    mappings = (
        mapping(FIRST, "mails", "mailer"),
        mapping(SECOND, "jobs", "mailer"),
        mapping(THIRD, "jobs", "slow"),
    )

    found = mappings_named(Snapshot(1, "123456789012", "eu-west-1", mappings=mappings), name)

    assert [one.uuid for one in found] == meant
