"""An address that is none leads nowhere, and breaks nothing."""

import pytest

from maestro.addresses import is_https_or_local, is_local, is_open, split


@pytest.mark.parametrize("url", ["http://[::1", "http://host:port", "http://host:99999999", "unreadable:", "", "//"])
def test_what_is_no_address_leads_nowhere(url: str) -> None:
    assert not split(url).hostname
    assert not (is_local(url) or is_open(url) or is_https_or_local(url))
