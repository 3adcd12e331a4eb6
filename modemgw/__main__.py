"""Run the command line with `python -m modemgw`."""

from modemgw.cli.main import main

if __name__ == "__main__":
    main()
