"""Values, rules, patterns and records of any kind, for the properties of event filtering."""

import json

from hypothesis import strategies as st

from tests.unit.filtering import record

names = st.text(st.sampled_from("abAB-_$ é"), max_size=3)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=15
)
objects = st.dictionaries(names, values, max_size=5)
words = st.text(st.sampled_from("abA*\\"), max_size=6)
numbers = st.integers(-(10**16), 10**16) | st.floats(-1e16, 1e16)
rules = st.one_of(
    scalars,
    st.fixed_dictionaries({"prefix": words}),
    st.fixed_dictionaries({"suffix": words}),
    st.fixed_dictionaries({"equals-ignore-case": words}),
    st.fixed_dictionaries({"anything-but": words | numbers}),
    st.fixed_dictionaries({"anything-but": st.fixed_dictionaries({"prefix": words.filter(bool)})}),
    st.fixed_dictionaries({"exists": st.booleans()}),
    st.fixed_dictionaries({"numeric": st.tuples(st.sampled_from(["=", "<", "<=", ">", ">="]), numbers)}),
    st.just({"cidr": "10.0.0.0/8"}),
    st.just({"wildcard": "a*b"}),
)
leaves = st.lists(rules, min_size=1, max_size=3)
bodies = st.recursive(
    st.dictionaries(names, leaves, min_size=1, max_size=3),
    lambda inner: st.dictionaries(names, leaves | inner, min_size=1, max_size=3),
    max_leaves=4,
)
patterns = st.one_of(
    bodies.map(lambda body: {"body": body}),
    leaves.map(lambda body: {"body": body}),
    st.tuples(bodies, bodies).map(lambda both: {"body": {"$or": list(both)}}),
    bodies.map(lambda attributes: {"messageAttributes": attributes}),
).map(json.dumps)
texts = st.text(max_size=20) | values.map(json.dumps) | objects.map(json.dumps)
records = st.builds(record, texts, messageAttributes=objects)
