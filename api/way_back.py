"""How a browser goes back to a department's website: by a redirect, or by a form it posts there.

OAuth 2.0 Form Post Response Mode: the page sends itself where scripts run, and has a button where
they do not. Its one script and its styles never change, so their hashes stand in its policy.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from typing import Final, Self
from urllib.parse import urlencode

from fastapi import Response

from api.consent_page import origin_of

_SCRIPT: Final = "document.forms[0].submit()"
_STYLE: Final = """
:root{color-scheme:light dark;--paper:#f6f4ee;--card:#fffefb;--ink:#1d2a26;--soft:#56625c;
--line:#dfdacd;--jade:#1b6350;--on:#fff;--focus:#0b57d0}
@media(prefers-color-scheme:dark){:root{--paper:#121a17;--card:#1a2420;--ink:#eef0e9;
--soft:#b3beb6;--line:#33423b;--jade:#82d0b6;--on:#08241b;--focus:#a8c7fa}}
*{box-sizing:border-box}
body{margin:0;padding:12vh 1rem 2rem;background:var(--paper);color:var(--ink);
font:1.0625rem/1.6 system-ui,"PingFang SC","Noto Sans CJK SC",sans-serif}
main{max-width:27rem;margin:0 auto;padding:2rem 1.5rem;background:var(--card);
border:1px solid var(--line);border-radius:1rem}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.3}
p{margin:0 0 .25rem;color:var(--soft)}
button{width:100%;min-height:3rem;margin-top:1.5rem;border:0;border-radius:.625rem;
background:var(--jade);color:var(--on);font:inherit;font-weight:600}
button:focus-visible{outline:3px solid var(--focus);outline-offset:3px}
"""
_PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>返回办事部门 · Back to the department</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>正在返回办事部门的网站</h1>
<p>如果没有自动返回，请按下面的按钮。</p>
<p lang="en">Taking you back to the department's website. If nothing happens, press the button.</p>
<form method="post" action="{action}">
{fields}<button>返回 · <span lang="en">Back</span></button>
</form>
</main>
<script>{script}</script>
</body>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """Where a browser goes, and with what.

    Attributes:
        location: A registered address; with the answer in its query where there are no fields.
        fields: What is posted there.
    """

    location: str = field(repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def by_query(cls, registered: str, params: Mapping[str, str]) -> Self:
        """Return the way to a registered address: its own query as it is, ours after it."""
        joint = "&" if "?" in registered else "?"
        return cls(location=f"{registered}{joint}{urlencode(params)}")

    def response(self) -> Response:
        """Return the redirect (303), or the page that posts the fields; no cache keeps it."""
        if not self.fields:
            headers = {"Cache-Control": "no-store", "Location": self.location}
            return Response(status_code=303, headers=headers)
        policy = (
            f"default-src 'none'; script-src {_hashed(_SCRIPT)}; style-src {_hashed(_STYLE)}; "
            f"form-action {origin_of(self.location)}; frame-ancestors 'none'; base-uri 'none'"
        )
        return Response(
            self._page(),
            media_type="text/html",
            headers={"Cache-Control": "no-store", "Content-Security-Policy": policy},
        )

    def _page(self) -> str:
        fields = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">\n'
            for name, value in self.fields.items()
        )
        return _PAGE.format(
            style=_STYLE, action=escape(self.location), fields=fields, script=_SCRIPT
        )


def _hashed(inline: str) -> str:
    """Return the source expression that lets this very text in (CSP 3 s. 2.3.1)."""
    return f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"
