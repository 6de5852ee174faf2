"""``python -m nasea``."""

from nasea.cli.main import main

if __name__ == "__main__":
    main()
