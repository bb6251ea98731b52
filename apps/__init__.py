"""The five areas of the portal."""
