"""`python -m ttskit`: the command line, where the script is not on the path."""

from ttskit.cli import main

if __name__ == "__main__":  # spawned workers import this module again
    main()
