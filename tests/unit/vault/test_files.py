from io import BytesIO

import pytest

from vault.errors import InvalidInputError, UnsupportedFileError
from vault.files import MAX_NAME_CHARACTERS, check_name, media_type

PDF = b"%PDF-1.7\n%synthetic\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01"


@pytest.mark.parametrize(
    ("content", "expected"),
    [(PDF, "application/pdf"), (PNG, "image/png"), (JPEG, "image/jpeg")],
)
def test_a_file_is_known_by_its_content_and_stays_at_its_start(
    content: bytes, expected: str
) -> None:
    file = BytesIO(content)

    assert media_type(file) == expected
    assert file.tell() == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"plain words",
        b"PK\x03\x04\x14\x00",
        b"MZ\x90\x00",
        b"<html><script>1</script></html>",
        b"\n" + PDF,
        b"GIF89a\x01\x00\x01\x00",
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(UnsupportedFileError) as refusal:
        media_type(BytesIO(content))

    assert refusal.value.field == "files"


@pytest.mark.parametrize("name", ["证明.pdf", "a", "x" * MAX_NAME_CHARACTERS, "two words.png"])
def test_a_plain_name_is_kept(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "x" * (MAX_NAME_CHARACTERS + 1), "a/b", "a\\b", "..", ".hidden", "a ", " a", "a."),
        *("a\nb", "a\x00b", "a\u202eb", "C:a", 'a"b', "a*b"),
    ],
)
def test_a_name_that_names_a_folder_or_hides_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        check_name(name)

    assert refusal.value.field == "files"
