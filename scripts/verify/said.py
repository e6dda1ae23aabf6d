"""What the verifier says, in both languages, and with which exit code it ends."""

from typing import Final

GOOD, FAILS, UNREADABLE, ALARM = range(4)

MESSAGES: Final = {
    "receipt": (GOOD, "回执有效：条目在日志中", "the receipt holds: the entry is in the log"),
    "opened": (GOOD, "开启文件与条目相符", "the opening belongs to the entry"),
    "unbound": (GOOD, "已打开；未与日志核对", "it opens; not compared with any log"),
    "grown": (GOOD, "新日志包含旧日志，只增不改", "the newer log continues the older one"),
    "intact": (GOOD, "镜像完整，全部相符", "the mirror is whole and holds"),
    "complete": (GOOD, "条目齐全，无缺号、无重号", "all entries are there: no gap, no duplicate"),
    "unsigned": (GOOD, "未核对签名，请加 --policy", "no signature was checked; add --policy"),
    "signature": (FAILS, "签名不符", "a signature does not verify"),
    "stranger": (FAILS, "没有所信任日志的签名", "no log of the policy signed it"),
    "quorum": (FAILS, "见证方不足", "too few witnesses signed it"),
    "inclusion": (FAILS, "包含证明不成立", "the inclusion proof leads to another root"),
    "consistency": (FAILS, "一致性证明不成立", "the older log does not begin the newer one"),
    "tile": (FAILS, "瓦片不符", "a tile differs from the entries below it"),
    "root": (FAILS, "根与检查点不符", "the entries make another root than the checkpoint"),
    "opening": (FAILS, "开启文件与条目不符", "the opening does not belong to the entry"),
    "file": (UNREADABLE, "文件无法读取或格式不对", "a file cannot be read, or is malformed"),
    "missing": (UNREADABLE, "镜像缺少文件", "the mirror lacks a file"),
    "other-log": (UNREADABLE, "不是同一个日志", "these are of different logs"),
    "gap": (ALARM, "缺号：有条目缺失", "gap: an entry is missing"),
    "duplicate": (ALARM, "重号：号码出现两次", "duplicate: a number stands twice"),
    "hidden": (ALARM, "日志中有未出示的条目", "hidden: the log holds an entry that was not shown"),
}
"""Name → exit code, Chinese, English. The names are format: scripts may read them."""


class Refused(Exception):  # noqa: N818 - what it says, not what it is
    """Something is not good; ``name`` stands in ``MESSAGES``, ``about`` says where."""

    def __init__(self, name: str, about: object = "") -> None:
        """Keep both."""
        super().__init__(name)
        self.name, self.about = name, about


def said(name: str, about: object = "") -> str:
    """Return one message as a line."""
    code, chinese, english = MESSAGES[name]
    about = f" · {about}" if about != "" else ""
    mark = "✗" if code else "!" if name in {"unbound", "unsigned"} else "✓"
    return f"{mark} {chinese} · {english}{about} [{name}]"
