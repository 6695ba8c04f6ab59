"""Records: what is written beside an edit, and what the records of a repository say together."""
