"""The holder's own front door: pages that work without a script, in Chinese and in English."""
