"""Bundles: one canonical text, one hash; what is not sound does not decide."""

import hashlib
import re

import pytest

from policies.bundle import FORMAT, Bundle, shipped
from policies.errors import PolicyError
from tests.support.access import permissive_sources


def test_the_shipped_bundle_comes_back_from_its_text() -> None:
    bundle = shipped()

    again = Bundle.from_text(bundle.text)

    assert again == bundle
    assert bundle.hash == hashlib.sha256(bundle.text.encode()).digest()
    assert shipped() is bundle


def test_every_policy_of_the_shipped_bundle_has_an_id_of_its_own() -> None:
    ids = re.findall(r'@id\("([^"]+)"\)', shipped().text)

    assert sorted(ids) == sorted(shipped().effects)
    assert set(shipped().effects.values()) == {"permit", "forbid"}


def test_a_bundle_does_not_show_its_text() -> None:
    assert "forbid (" not in repr(shipped())


def test_the_order_of_the_files_does_not_change_the_bundle() -> None:
    sources = permissive_sources()

    assert Bundle.from_files(dict(reversed(sources.items()))) == Bundle.from_files(sources)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"{FORMAT}\n", ""),
        (f"{FORMAT}\n", f"{FORMAT}\n\n"),
        (f"{FORMAT}\n", "myspace-policies/2\n"),
        ("-- all.cedar --", "-- zzz.cedar --"),
        ("-- all.cedar --\n", "-- all.cedar --\n-- all.cedar --\n"),
    ],
)
def test_a_text_that_is_not_canonical_is_refused(old: str, new: str) -> None:
    text = Bundle.from_files(permissive_sources()).text

    with pytest.raises(PolicyError, match="the policy bundle is not canonical"):
        Bundle.from_text(text.replace(old, new, 1))


def test_a_file_that_does_not_end_in_a_newline_is_refused() -> None:
    text = Bundle.from_files(permissive_sources()).text

    with pytest.raises(PolicyError, match="the policy bundle is not canonical"):
        Bundle.from_text(text.rstrip("\n"))


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        ("permit (principal, action, resource)\n", "the policies do not parse"),
        ("permit (principal, action, resource);\n", "each policy has an @id of its own"),
        ('@id("") permit (principal, action, resource);\n', "each policy has an @id of its own"),
        ('@id("all") permit (principal, action, resource);\n' * 2, "each policy has an @id"),
        ('@id("a") permit (principal == ?principal, action, resource);\n', "and no slots"),
        (
            (
                '@id("a") permit (principal, action == Action::"pull", resource)\n'
                "when { context.weather == 1 };\n"
            ),
            "the policies break their schema",
        ),
        (
            '@id("a") permit (principal, action == Action::"fly", resource);\n',
            "the policies break their schema",
        ),
    ],
)
def test_unsound_policies_are_refused(policy: str, rule: str) -> None:
    with pytest.raises(PolicyError, match=rule):
        Bundle.from_files(permissive_sources() | {"all.cedar": policy})


def test_a_bundle_without_a_schema_is_refused() -> None:
    with pytest.raises(PolicyError):
        Bundle.from_files({"all.cedar": '@id("all") permit (principal, action, resource);\n'})
