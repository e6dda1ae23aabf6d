"""REST under ``/v1``, the public log, and health: translate, call one service, translate."""
