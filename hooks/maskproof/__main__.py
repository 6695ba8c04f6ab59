"""`python -m maskproof`: the same command line as `maskproof`.

Python puts the current folder first among the places of its modules, and a repository that is looked at may hold a
`json.py`. Nothing of it is run.
"""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[:1]
    from maskproof.hook import main

    main()
