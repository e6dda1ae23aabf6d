"""Keys and ciphers: one sealing primitive for payloads, files, wrapped keys and entries.

Read in this order: ``suites`` and ``ciphers`` (the algorithms), ``contexts`` (what a
ciphertext is bound to), ``envelope`` (how it is sealed), ``keys``, ``keyring`` and
``providers`` (what it is sealed with), ``record_keys`` (the protected door).
"""
