"""Grant types, one file each; no stock class of the kernel is ever registered."""
