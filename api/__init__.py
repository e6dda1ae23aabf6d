"""The front doors: REST, OAuth and the portal, wired to the vault."""
