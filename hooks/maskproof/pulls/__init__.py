"""Pull requests on GitHub: what the gate says there, and what a person answers there.

Both run in a job of the base with a right to write, while what they read (a report, a comment) anybody may have
written. So nothing of it is a command, a file name or markup here: it is read by its type, held against what GitHub
itself says of the pull request, and written as text.
"""
