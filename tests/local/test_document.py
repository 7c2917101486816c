"""YAML as the Serverless Framework and CloudFormation read it, and the line on which each value stands."""

from pathlib import Path

import pytest

from karin.local.definition import DefinitionError
from karin.local.project.document import Document, read_document


def read(folder: Path, text: str, name: str = "a.yml") -> Document:
    path = folder / name
    path.write_text(text)
    return read_document(path)


def test_scalars_are_those_of_yaml_one_two(tmp_path: Path) -> None:
    text = "[yes, off, true, ~, null, 12, -1, 0x1F, 0o17, 012345678901, 1.5, .5, 1e3, 2012-10-17, '5', 12:30, .inf]"
    assert read(tmp_path, text).data == [
        "yes", "off", True, None, None, 12, -1, 31, 15, "012345678901", 1.5, 0.5, 1000.0, "2012-10-17", "5", "12:30",
        float("inf"),
    ]  # fmt: skip


def test_short_functions_become_long_ones(tmp_path: Path) -> None:
    text = """
a: !Ref Q
b: !GetAtt Q.Arn
c: !Join [":", [!Ref A, 1]]
d: !Sub
  - "${X}"
  - {X: !Condition C}
"""
    assert read(tmp_path, text).data == {
        "a": {"Ref": "Q"},
        "b": {"Fn::GetAtt": "Q.Arn"},
        "c": {"Fn::Join": [":", [{"Ref": "A"}, 1]]},
        "d": {"Fn::Sub": ["${X}", {"X": {"Condition": "C"}}]},
    }


def test_anchors_are_merged_and_may_be_used_more_than_once(tmp_path: Path) -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {<<: *a, y: 3}\nc: {<<: *b}\nd: *b\n"
    assert read(tmp_path, text).data["c"] == {"x": 1, "y": 3}
    assert read(tmp_path, text).data["d"] == {"x": 1, "y": 3}


def test_each_value_knows_its_line(tmp_path: Path) -> None:
    document = read(tmp_path, "a:\n  b:\n    - c: 1\n    - d: !GetAtt X.Y\ne: 1\n")
    assert document.line(("a", "b", 1, "d")) == 4
    assert document.line(("a", "b", 1, "d", "nowhere", 5)) == 4
    assert document.line(("e",)) == 5
    assert document.line(("nowhere",)) == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yml", "a: 1\nb: [", ":2: is not YAML: expected the node content, but found '<stream end>'"),
        ("a.yml", "a: 1\nb: 2\na: 3\n", ":3: is not YAML: the key a stands here twice"),
        ("a.yml", "? [a]\n: 1\n", ":1: is not YAML: a key must be text"),
        ("a.yml", "a: *nowhere\n", ":1: is not YAML: found undefined alias 'nowhere'"),
        ("a.yml", "a: &a [*a]\n", ": is nested too deeply, or an anchor refers to itself"),
        ("a.yml", "a: 1\n---\nb: 1\n", ":2: is not YAML: but found another document"),
        ("a.yml", "a: \x07", ": is not YAML: unacceptable character #x0007: special characters are not allowed"),
        ("a.json", "{", ": is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_named_with_its_line(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, text, name)
    assert str(caught.value) == f"{tmp_path / name}{said}"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"nowhere\.yml: cannot be read: No such file"):
        read_document(tmp_path / "nowhere.yml")
    (tmp_path / "a.yml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DefinitionError, match=r"a\.yml: is not UTF-8 text"):
        read_document(tmp_path / "a.yml")
