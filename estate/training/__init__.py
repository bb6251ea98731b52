"""Models that the portal comes with: what each is trained on, and how."""
