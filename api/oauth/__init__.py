"""The authorization server (``/oauth``, ``/.well-known``): Authlib as kernel, and only here."""
