"""The pages that this part shows itself: nothing is known, so nothing is quoted."""

from dataclasses import dataclass
from typing import Final

from fastapi import Response

_PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{zh} · {en}</title>
<main>
<h1>{zh}</h1>
<p>{why_zh}</p>
<h1 lang="en">{en}</h1>
<p lang="en">{why_en}</p>
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


NOTHING_TO_DECIDE: Final = Notice(
    400,
    _PAGE.format(
        zh="无法继续",
        en="Cannot continue",
        why_zh="这个授权请求无效、已过期或已处理。请回到办事部门的网站重新发起。",
        why_en="This request for consent is not valid, has expired, or was decided already."
        " Go back to the department's website and start again.",
    ),
)
NOTHING_TO_LEAVE: Final = Notice(
    400,
    _PAGE.format(
        zh="无法退出",
        en="Cannot sign out here",
        why_zh="这个退出请求无效。请打开我的空间，点“退出”。",
        why_en="This request to sign out is not valid. Open MySpace and choose “Sign out”.",
    ),
)
COME_BACK: Final = Notice(
    503,
    _PAGE.format(
        zh="暂时无法处理",
        en="Not now",
        why_zh="没有改变任何内容。请稍后刷新本页重试。",
        why_en="Nothing was changed. Load this page again in a moment.",
    ),
)
