"""Setting up: the first policy, the demo, limits from a team's own edits."""
