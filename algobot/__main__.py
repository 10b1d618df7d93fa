"""`python -m algobot`: the same as the `algobot` command."""

from algobot.cli.main import main

if __name__ == "__main__":
    main()
