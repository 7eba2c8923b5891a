from . import __version__


def main() -> None:
    """Prints the version."""
    print(f"mtjax {__version__}")
