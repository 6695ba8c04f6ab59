"""`python -m maskproof`: the same command line as `maskproof`."""

from maskproof.hook import main

if __name__ == "__main__":
    main()
