"""Two languages, whole: what is shown in Chinese is there in English, and nothing besides."""

import re

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from tests.support.portal_texts import PORTAL, Text, texts_of_portal

PLACE = re.compile(r"%\((\w+)\)s")
HAN = re.compile(r"[一-鿿]")


def messages() -> dict[Text, Message]:
    with (PORTAL / "locale/en.po").open("rb") as file:
        found = read_po(file, locale="en", abort_invalid=True)
    return {
        (one.id,) if isinstance(one.id, str) else tuple(one.id): one for one in found if one.id
    }


def translations(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def test_every_text_is_in_the_catalogue_and_the_catalogue_has_no_other() -> None:
    assert messages().keys() == texts_of_portal().keys()


@pytest.mark.parametrize("message", messages().values(), ids=lambda one: str(one.id)[:30])
def test_a_text_is_translated_with_all_its_places_and_certain(message: Message) -> None:
    [source] = {message.id} if isinstance(message.id, str) else set(message.id)

    assert not message.fuzzy
    assert len(translations(message)) == (1 if isinstance(message.id, str) else 2)
    for text in translations(message):
        assert text
        assert not HAN.search(text)
        dropped = set(PLACE.findall(source)) - set(PLACE.findall(text))
        assert dropped <= ({"num"} if isinstance(message.id, tuple) else set())


def test_the_reader_of_texts_sees_code_and_pages() -> None:
    found = texts_of_portal()

    assert found["首页",] == "base.html"
    assert found["已收回",] == "consent_cards.py"
    assert ("有 %(num)s 条新动态。",) * 2 in found
