"""The tools that come with Maestro."""

from collections.abc import Callable, Mapping, Sequence

from maestro.tools.apply_edit import ApplyEdit
from maestro.tools.base import Tool
from maestro.tools.diagnostics import Diagnostics
from maestro.tools.fetch_url import FetchUrl
from maestro.tools.list_files import ListFiles
from maestro.tools.read_file import ReadFile
from maestro.tools.run_command import RunCommand
from maestro.tools.search import Search
from maestro_protocol.audit import Finding


def built_in(findings: Callable[[], Mapping[str, Sequence[Finding]]]) -> Sequence[Tool]:
    """All of them, in the order in which models are told. `findings` gives those shown now, by URI."""
    return (ReadFile(), ListFiles(), Search(), Diagnostics(findings), ApplyEdit(), RunCommand(), FetchUrl())
