"""The web pages: rendered here from what the service says; small ES modules make them quicker to use."""
