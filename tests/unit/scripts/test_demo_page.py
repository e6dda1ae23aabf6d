"""Reading pages: forms as a browser would send them."""

import pytest

from scripts.demo_page import Page

SIGN_IN = """<!doctype html><html><head><title>Not read</title></head><body>
<h1>Sign  in</h1>
<form method="post" action="/out"><input type="hidden" name="csrf" value="t1">
<button type="submit">Out</button></form>
<form method="post" action="/in">
<input type="hidden" name="csrf" value="t2">
<input type="radio" name="kind" value="a"><input type="radio" name="kind" value="b" checked>
<input type="checkbox" name="keep" value="x" checked><input type="checkbox" name="keep" value="y">
<select name="other"><option value="p">P</option><option value="q" selected>Q</option></select>
<input name="number" value=""><button name="act" value="give">Give</button>
<input type="submit" name="act" value="refuse">
</form>
<a href="/space/check">Check</a><a>nothing</a><p>&amp; &#20013;</p></body></html>"""


def test_a_form_sends_what_is_chosen_and_what_is_filled_in() -> None:
    form = Page(SIGN_IN).form(holding="number")

    assert form.action == "/in"
    assert sorted(form.filled({"number": "42", "act": "give"})) == [
        ("act", "give"),
        ("csrf", "t2"),
        ("keep", "x"),
        ("kind", "b"),
        ("number", "42"),
        ("other", "q"),
    ]


def test_what_is_filled_in_replaces_what_was_chosen() -> None:
    form = Page(SIGN_IN).form(holding="number")

    sent = form.filled({"kind": "a", "keep": "y", "other": "p"})

    assert {pair for pair in sent if pair[0] in {"kind", "keep", "other"}} == {
        ("kind", "a"),
        ("keep", "y"),
        ("other", "p"),
    }


def test_a_control_that_the_page_lacks_cannot_be_filled_in() -> None:
    with pytest.raises(KeyError, match="amount"):
        Page(SIGN_IN).form(holding="number").filled({"amount": "1"})


def test_the_values_offered_stand_in_order() -> None:
    assert Page(SIGN_IN).form(holding="kind").options("kind") == ("a", "b")


def test_the_text_is_what_a_person_reads() -> None:
    text = Page(SIGN_IN).text

    assert text.startswith("Sign in Out")
    assert text.endswith("Check nothing & 中")


def test_a_missing_form_or_link_says_what_the_page_shows() -> None:
    page = Page(SIGN_IN)

    assert page.link(ending="/check") == "/space/check"
    with pytest.raises(LookupError, match="Sign in"):
        page.form(holding="code")
    with pytest.raises(LookupError, match="Sign in"):
        page.link(ending="/revoke")
