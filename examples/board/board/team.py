"""Who works at the roaster's. A password that everybody knows is for demos alone."""

PASSWORD = "demo"
TEAM = {"ada": "Ada", "grace": "Grace"}
"""The names that they log in with, and those that they are called by."""
