"""Where rows and sealed files rest: implements the ports that the vault declares."""
