"""A pull request over a project with a recorded edit: its base, and what the check of its merge says."""

from __future__ import annotations

STRICT = 'version = 1\n[defaults]\nlevel = "strict"\nunrecorded = "block"\nnew_original = "block"\n'


def started(project, policy=STRICT):
    """A base with a recorded edit under a policy, and a branch."""
    project.write("maskproof.toml", policy)
    project.edit("held")
    project.commit("Base")
    project.branch_off()
    return project


def result(project, *arguments):
    """Exit status and output of the merge of the branch, or of two refs."""
    project.git("add", "-A")
    project.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "Change")
    if arguments:
        return project.check(*arguments)
    project.git("checkout", "-q", "-f", "-B", "result", "main")
    project.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Merge", "pr")
    return project.check("--from-ref", "HEAD^1", "--to-ref", "HEAD")
