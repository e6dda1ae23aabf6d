"""``myspace-verify``: checks the public log offline, with the standard library and cryptography.

Imports nothing of this project, so that who doubts the vault need not trust its code: copy this
folder anywhere and run ``python -m verify``. Told in docs/verify.md.
"""
