"""The one page that this part shows itself: nothing is known, so nothing is quoted."""

from dataclasses import dataclass
from typing import Final

from fastapi import Response

_PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>无法继续 · Cannot continue</title>
<main>
<h1>无法继续</h1>
<p>这个授权请求无效、已过期或已处理。请回到办事部门的网站重新发起。</p>
<h1 lang="en">Cannot continue</h1>
<p lang="en">This request for consent is not valid, has expired, or was decided already.
Go back to the department's website and start again.</p>
</main>
</html>
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """A page without input, scripts, styles or links."""

    status: int
    html: str

    def response(self) -> Response:
        """Return it; no cache keeps it, no other page frames it."""
        return Response(
            self.html,
            status_code=self.status,
            media_type="text/html",
            headers={
                "Cache-Control": "no-store",
                "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            },
        )


NOTHING_TO_DECIDE: Final = Notice(400, _PAGE)
