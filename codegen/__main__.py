"""`python -m codegen` is `oschema`."""

from codegen.cli import main

if __name__ == "__main__":
    main()
