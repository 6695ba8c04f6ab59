"""Making an edit."""
