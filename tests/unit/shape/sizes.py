"""How large files and functions are, beside the figures the style aims at: `python -m tests.unit.shape.sizes`."""

from statistics import median, quantiles

from tests.unit.shape.source import ROOT, Function, functions, modules

AIM = "aim: files median ~80, none above 400; functions median <= 10, p95 <= 40"


def report() -> str:
    """A few lines: medians, 95th percentiles and the five largest of each."""
    files = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    files = {name: lines for name, lines in files.items() if lines}
    bodies = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": _lines(node)
        for path in modules()
        for node in functions(path)
    }
    return "\n".join([*_figures("files", files), *_figures("functions", bodies), AIM])


def _lines(node: Function) -> int:
    """From `def` to the last statement; decorators do not count."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _figures(what: str, sizes: dict[str, int]) -> list[str]:
    values = list(sizes.values())
    head = f"{what}: {len(values)}, median {median(values):.0f}, p95 {quantiles(values, n=20)[-1]:.0f} lines"
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:5]
    return [head, *(f"  {lines:4} {name}" for name, lines in largest)]


if __name__ == "__main__":
    print(report())
