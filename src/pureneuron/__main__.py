"""``python -m pureneuron``: the same as the command ``pureneuron``."""

from pureneuron.cli import main

if __name__ == "__main__":
    main()
