"""The classic way in: ``python3 tools_dopt/dopt_tf_py3/dopt_so.py -c scen.yaml``."""

import sys

try:
    from nasea.cli.main import main
except ModuleNotFoundError as error:
    print(f"error: nasea cannot be imported: {error}", file=sys.stderr)
    print("  fix: in the clone of nasea, pip install '.[tensorflow]'", file=sys.stderr)
    sys.exit(2)

if __name__ == "__main__":
    main(["search", *sys.argv[1:]])
