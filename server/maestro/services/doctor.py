"""What is wrong with this installation, why, and how to mend it."""

import asyncio
from collections.abc import Awaitable, Iterable
from pathlib import Path

from maestro.offered import offered
from maestro.redact import redact
from maestro.runtime import Runtime
from maestro.services.checks import (
    configuration,
    installation,
    instances,
    network,
    places,
    sessions,
    store,
    surroundings,
    vault,
)
from maestro.services.checks.outcome import bad, beside, failed, guarded, off_loop
from maestro.store.snapshot import Snapshot
from maestro_protocol.doctor import Check, DoctorResult

_FILES_SECONDS = 1.5
_KEY_SECONDS = 3.2
"""A keyring is given up after three; together with the files before it, less than five."""
_NETWORK_SECONDS = network.SECONDS + 2


class DoctorService:
    """Looks at everything and changes nothing: a store that would be set aside or migrated is left closed."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def examine(self, *, network: bool = False) -> DoctorResult:
        """Every check; with `network` also whether the providers one is signed in to can be reached."""
        checks = await _all(self._installation(), self._kept(network), self._surroundings())
        return DoctorResult(checks=[_redacted(check) for check in checks])

    async def _installation(self) -> list[Check]:
        environment = self._runtime.environment
        return await _all(
            beside("python.version", installation.python, _FILES_SECONDS),
            beside("protocol.version", installation.protocol, _FILES_SECONDS),
            beside("path.maestro", lambda: installation.on_path(environment), _FILES_SECONDS),
            beside("packages.maestro", installation.packages, _KEY_SECONDS),
        )

    async def _surroundings(self) -> list[Check]:
        environment = self._runtime.environment
        return await _all(
            beside("proxies", lambda: surroundings.proxies(environment), _FILES_SECONDS),
            beside("tls.certificates", lambda: surroundings.certificates(environment), _FILES_SECONDS),
            beside("instances", lambda: instances.instances(self._path), _FILES_SECONDS),
        )

    async def _kept(self, asking: bool) -> list[Check]:
        """What lies on the disk, before anything opens the store: that corrects some permissions."""
        environment, projects = self._runtime.environment, self._runtime.projects()
        files, findings = await asyncio.gather(
            _all(
                beside("config.readable", lambda: configuration.files(environment, projects), _FILES_SECONDS),
                beside("directories.private", lambda: places.private(environment), _FILES_SECONDS),
            ),
            self._examine_store(),
        )
        rest = await _all(
            beside("store.files", lambda: store.files(self._path), _FILES_SECONDS),
            beside("legacy", lambda: store.legacy_logins(environment, findings.imported), _FILES_SECONDS),
            guarded("vault.key", self._vault(findings), _KEY_SECONDS),
            beside("leases", lambda: instances.leases(findings.leases), _FILES_SECONDS),
            self._identity(findings, asking),
        )
        return [*files, *findings.checks, *rest]

    async def _examine_store(self) -> store.Findings:
        try:
            return await off_loop(lambda: store.examine(self._path), _FILES_SECONDS)
        except Exception as error:
            return store.Findings([failed("store.readable", error)])

    async def _vault(self, findings: store.Findings) -> list[Check]:
        if findings.absent:
            return await vault.key_to_be(self._runtime.environment)
        if not findings.usable:
            return [_closed("vault.key", "Where the key of the credentials is was not looked at")]
        return await vault.key(self._runtime)

    async def _identity(self, findings: store.Findings, asking: bool) -> list[Check]:
        """The sessions, the keys of the environment, and the providers behind them."""
        try:
            async with asyncio.timeout(_FILES_SECONDS):
                snapshot = await self._snapshot(findings)
        except Exception as error:
            return [failed("sessions", error)]
        known = findings.usable or findings.absent
        checks = await _all(
            guarded("sessions", sessions.sessions(self._runtime, snapshot, opening=findings.usable), _FILES_SECONDS),
            beside("environment", lambda: surroundings.keys(self._runtime, snapshot), _FILES_SECONDS),
            *([guarded("network", network.reach(snapshot), _NETWORK_SECONDS)] if asking and known else []),
        )
        if not known:
            checks = [_closed("sessions", "The stored sessions were not looked at"), *checks]
        elif not snapshot.stored:
            checks = [sessions.nobody(), *checks]
        return checks

    async def _snapshot(self, findings: store.Findings) -> Snapshot:
        """The sessions; where the store is left closed, only those that come from elsewhere."""
        if findings.usable:
            await self._runtime.sessions.sync()
            return self._runtime.sessions.snapshot
        found = await off_loop(lambda: list(offered(self._runtime)), _FILES_SECONDS)
        return Snapshot(offered={one.session.id: one for one in found})

    @property
    def _path(self) -> Path:
        return self._runtime.sessions.database.path


async def _all(*groups: Awaitable[Iterable[Check]]) -> list[Check]:
    """The checks of all, in this order."""
    return [check for group in await asyncio.gather(*groups) for check in group]


def _closed(name: str, label: str) -> Check:
    cause = "The store is not opened as it is, see `store.readable`"
    return bad(name, "info", label, cause, "mend `store.readable` first")


def _redacted(check: Check) -> Check:
    """Nothing that looks like a key leaves, whatever name or path it stands in."""
    texts = {"label": check.label, "cause": check.cause, "fix": check.fix}
    return check.model_copy(update={name: redact(text) for name, text in texts.items() if text})
