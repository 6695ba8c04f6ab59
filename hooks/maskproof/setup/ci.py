"""The check on the server, as each service wants it written: a row of `SERVICES` each.

On GitHub the job is the base's own, whose workflow no change can edit. Where a service takes the job from the change,
nothing of the change is executed all the same, and the file is among those that owners have to review.
"""

from __future__ import annotations

from typing import NamedTuple


class Service(NamedTuple):
    """What a service needs; in texts stand `{source}` and `{rev}` of maskproof, `{lfs}` and `{advise}` of this row."""

    file: str
    """where the job lies"""
    text: str
    owners: str
    """where owners are named"""
    owned: tuple[str, ...]
    """what of the check itself they own"""
    sign: str = ""
    """the file by which a repository is known to be on this service"""
    advise: str = ""
    """what lets the check fail without a consequence"""
    lfs: str = ""
    """what fetches Git LFS, where the job's image lacks it and pictures lie there"""
    including: str = ""
    """the file that names what runs, where `file` is not found by itself"""
    include: str = ""
    """what it has to say"""
    left: str = ""
    """what a person has to do"""


GITHUB = """\
# The gate: a local hook can be skipped with --no-verify, a required check cannot. Make it required in the branch rules.
name: maskproof
on:
  # The workflow of the base, which no change can edit. What it judges is fetched as Git objects, and never executed.
  pull_request_target: # zizmor: ignore[dangerous-triggers] the change is neither checked out nor executed
  merge_group:
permissions: {{}}
concurrency:
  group: maskproof-${{{{ github.event.number || github.sha }}}}
  cancel-in-progress: true
jobs:
  maskproof:
    name: maskproof
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1; the base: never give it a `ref`
        with:
          fetch-depth: 0 # originals may lie in history
          persist-credentials: false
      # What the change or the queue would make, beside the branch it goes to; Git LFS of both sides is fetched.
      - uses: maskproof/maskproof@{rev}{advise}
"""
GITLAB = """\
# The gate. It runs because .gitlab-ci.yml includes this file.
maskproof:
  image: python:3.12
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  variables:
    GIT_DEPTH: "0" # originals may lie in history
  script:{lfs}
    - pip install "maskproof @ git+{source}@{rev}"
    # What the merge request or the train would make, beside the branch it goes to; Git LFS of both sides is fetched.
    - range=$(maskproof range --fetch)
    - maskproof check $range{advise}
"""
APT_LFS = "apt-get -qq update && apt-get -qq install git-lfs # which this image lacks"
BITBUCKET = """\
# The gate: ask for a passed build in the branch restrictions. Where the file has other pipelines, keep them beside it.
image: python:3.12
pipelines:
  pull-requests:
    "**":
      - step:
          name: maskproof
          clone:
            depth: full # originals may lie in history
          script:{lfs}
            - pip install "maskproof @ git+{source}@{rev}"
            # What the pull request would make, beside the branch it goes to; Git LFS of both sides is fetched.
            - range=$(maskproof range --fetch --onto "origin/$BITBUCKET_PR_DESTINATION_BRANCH")
            - maskproof check $range{advise}
"""
AZURE = """\
# The gate: name this pipeline in a build validation policy of the main branch, required.
trigger: none
pool:
  vmImage: ubuntu-latest
steps:
  - checkout: self
    fetchDepth: 0 # originals may lie in history
    persistCredentials: false
  - task: UsePythonVersion@0
    inputs:
      versionSpec: "3.12"
  - bash: |
      set -e
      cd "$AGENT_TEMPDIRECTORY"   # away from what was checked out
      python -I -m pip install "maskproof @ git+{source}@{rev}"
    displayName: Install maskproof
  - bash: |
      set -e
      range=$(maskproof range --fetch --onto "origin/${{SYSTEM_PULLREQUEST_TARGETBRANCH#refs/heads/}}")
      maskproof check $range
    displayName: maskproof{advise}
    env:
      GIT_CONFIG_COUNT: 1 # this step alone may fetch from a private repository
      GIT_CONFIG_KEY_0: http.$(System.CollectionUri).extraheader
      GIT_CONFIG_VALUE_0: "AUTHORIZATION: bearer $(System.AccessToken)"
"""
PRE_COMMIT = """\
#!/bin/sh
# The gate through pre-commit, for any CI: with the branch checked out that the change goes to, so that the hook and its
# version are that branch's own, give it that branch and the change:
#   git checkout origin/main && sh .maskproof/check.sh origin/main COMMIT
set -eu
pre-commit run maskproof --hook-stage manual --from-ref "$1" --to-ref "$2"{advise}
"""
SERVICES = {
    "github": Service(
        ".github/workflows/maskproof.yml",
        GITHUB,
        ".github/CODEOWNERS",
        ("/.github/",),
        advise="\n        continue-on-error: true # for the first fortnight: take this line out",
    ),
    "gitlab": Service(
        ".gitlab/maskproof.yml",
        GITLAB,
        ".gitlab/CODEOWNERS",
        ("/.gitlab/", "/.gitlab-ci.yml"),
        ".gitlab-ci.yml",
        advise="\n  allow_failure: true # for the first fortnight: take this line out",
        lfs=f"\n    - {APT_LFS}",
        including=".gitlab-ci.yml",
        include="include:\n  - local: .gitlab/maskproof.yml\n",
    ),
    "bitbucket": Service(
        "bitbucket-pipelines.yml",
        BITBUCKET,
        "CODEOWNERS",
        ("/CODEOWNERS", "/bitbucket-pipelines.yml"),
        "bitbucket-pipelines.yml",
        advise=" || true # for the first fortnight: take `|| true` away",
        lfs=f"\n            - {APT_LFS}",
    ),
    "azure": Service(
        "azure-pipelines-maskproof.yml",
        AZURE,
        "CODEOWNERS",
        ("/CODEOWNERS", "/azure-pipelines-maskproof.yml"),
        "azure-pipelines.yml",
        advise="\n    continueOnError: true # for the first fortnight: take this line out",
        left="make a pipeline of it in Azure DevOps, and require that in the policies of your main branch",
    ),
    "pre-commit": Service(
        ".maskproof/check.sh",
        PRE_COMMIT,
        "CODEOWNERS",
        ("/CODEOWNERS",),
        advise=" || true   # for the first fortnight: take `|| true` away",
        left="let your CI run it, as its first lines say",
    ),
}
"""by the name that `maskproof init --ci` takes"""
