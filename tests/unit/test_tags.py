"""What a queue may be tagged with."""

import pytest

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.tags import check_tag_keys, check_tags

KEYS_SAID = "Tag keys must be between 1 and 128 characters in length."


def refused(tags: dict[str, str]) -> str:
    with pytest.raises(InvalidParameterValue) as caught:
        check_tags("work", tags)
    return caught.value.message


def test_tags_within_their_limits_are_accepted() -> None:
    check_tags("work", {})
    check_tags("work", {f"{number:0128d}": "v" * 256 for number in range(50)})
    check_tags("work", {"k": "", "한글 <&>": "👋"})


def test_tags_beyond_their_limits_are_refused() -> None:
    assert refused({str(number): "" for number in range(51)}) == "Too many tags added for queue work."
    assert refused({"": "x"}) == KEYS_SAID
    assert refused({"k" * 129: "x"}) == KEYS_SAID
    assert refused({"k": "v" * 257}) == "Tag values must be between 0 and 256 characters in length."


def test_keys_to_remove_are_some_and_of_a_tags_length() -> None:
    check_tag_keys(["k", "k" * 128])
    for keys in ([], [""], ["k", "k" * 129]):
        with pytest.raises(InvalidParameterValue) as caught:
            check_tag_keys(keys)
        assert caught.value.message == KEYS_SAID
