"""One driver per SDK and one simulator per test; skipped, with the reason, where the SDKs cannot be had."""

from collections.abc import Iterator

import pytest

from tests.fidelity.driver import Driver, Run
from tests.fidelity.environment import Unavailable


def _driver(name: str) -> Iterator[Run]:
    try:
        driver = Driver(name)
    except Unavailable as reason:
        pytest.skip(f"the {name} SDK is not available: {reason}")
    yield driver.run
    driver.close()


@pytest.fixture(scope="module")
def openai_sdk() -> Iterator[Run]:
    yield from _driver("openai")


@pytest.fixture(scope="module")
def azure_sdk() -> Iterator[Run]:
    yield from _driver("azure")


@pytest.fixture(scope="module")
def anthropic_sdk() -> Iterator[Run]:
    yield from _driver("anthropic")


@pytest.fixture(scope="module")
def gemini_sdk() -> Iterator[Run]:
    yield from _driver("gemini")
