"""Scopes: the grammar, and the order of views and scopes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import ScopeError
from policies.scopes import (
    GROUPS,
    REGISTRY_SCOPES,
    EvidenceScope,
    View,
    covered,
    format_scopes,
    is_token,
    parse_scopes,
)

SCOPES: st.SearchStrategy[EvidenceScope] = st.builds(
    EvidenceScope,
    group=st.sampled_from(GROUPS),
    slug=st.from_regex(r"[a-c][a-c0-1_]{0,2}", fullmatch=True),
    view=st.sampled_from(list(View)),
)
SETS = st.frozensets(SCOPES, max_size=4)


@given(scope=SCOPES)
def test_a_scope_comes_back_from_its_text_and_is_a_legal_token(scope: EvidenceScope) -> None:
    assert EvidenceScope.parse(str(scope)) == scope
    assert is_token(str(scope))


@given(scope=SCOPES)
def test_a_bare_scope_means_verify(scope: EvidenceScope) -> None:
    bare = str(scope).rpartition(":")[0]

    assert EvidenceScope.parse(bare) == EvidenceScope(
        group=scope.group, slug=scope.slug, view=View.VERIFY
    )


@given(one=SCOPES, two=SCOPES, three=SCOPES)
def test_covering_is_a_partial_order(
    one: EvidenceScope, two: EvidenceScope, three: EvidenceScope
) -> None:
    assert one.covers(one)
    assert not (one.covers(two) and two.covers(one)) or one == two
    assert not (one.covers(two) and two.covers(three)) or one.covers(three)


@given(one=SETS, two=SETS, three=SETS)
def test_covering_of_sets_is_transitive_and_grows_with_what_is_granted(
    one: frozenset[EvidenceScope], two: frozenset[EvidenceScope], three: frozenset[EvidenceScope]
) -> None:
    assert covered(one, by=one | two)
    assert not (covered(one, by=two) and covered(two, by=three)) or covered(one, by=three)
    assert covered(one | two, by=three) == (covered(one, by=three) and covered(two, by=three))


@given(scopes=SETS.filter(bool), others=st.frozensets(st.sampled_from(sorted(REGISTRY_SCOPES))))
def test_a_list_of_scopes_comes_back_from_its_text(
    scopes: frozenset[EvidenceScope], others: frozenset[str]
) -> None:
    assert parse_scopes(format_scopes(scopes, others=others)) == (scopes, others)


def test_a_full_view_contains_a_summary_and_that_a_verification() -> None:
    assert [view.label for view in sorted(View)] == ["verify", "summary", "full"]
    assert [View.of(view.label) for view in View] == list(View)


@pytest.mark.parametrize("label", ["", "Full", "all", "VERIFY", "verify "])
def test_an_unknown_view_is_refused(label: str) -> None:
    with pytest.raises(ScopeError, match="a view is verify, summary or full"):
        View.of(label)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ev",
        "ev:identity",
        "ev:identity:",
        "ev:identity:*",
        "ev:*:passport:full",
        "ev:identity:passport:*",
        "ev:identity:passport:",
        "ev:identity:passport:Full",
        "ev:identity:passport:full:full",
        "EV:identity:passport",
        "ev:weather:passport",
        "ev:identity:Passport",
        "ev:identity:1passport",
        "ev:identity:pass-port",
        "ev:identity:passport\n",
        " ev:identity:passport",
        "ev:identity:" + "a" * 65,
        "ev:identity:pässport",
    ],
)
def test_a_malformed_scope_is_refused(text: str) -> None:
    with pytest.raises(ScopeError, match="a scope is ev:<group>:<slug>"):
        EvidenceScope.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "openid ",
        "openid  ev:identity:passport",
        "openid openid",
        'open"id',
        "open\\id",
        "身份",
        "openid\tprofile",
        "a" * 4097,
    ],
)
def test_a_malformed_list_of_scopes_is_refused(text: str) -> None:
    with pytest.raises(ScopeError):
        parse_scopes(text)


def test_registry_scopes_are_legal_tokens_of_their_own() -> None:
    text = "registry:read records:write cases:write grant_management_query grant_management_revoke"

    assert parse_scopes(text) == (frozenset(), REGISTRY_SCOPES)
