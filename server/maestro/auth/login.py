"""One login, from the first question to its one end, the same for every provider."""

import asyncio
import secrets
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from maestro.auth import steps
from maestro.auth.browser import Browser, open_browser
from maestro.auth.device import patiently, poll
from maestro.auth.exchange import Exchange
from maestro.auth.explain import explained, passes
from maestro.auth.loopback import Loopback
from maestro.auth.outcome import Outcome, cancelled, seen
from maestro.auth.roles import device_role, document_role
from maestro.errors import MaestroError
from maestro.providers.oauth import CodeGrant, DeviceCode, DeviceRole, Granted, OAuthContext, OAuthRole
from maestro_protocol.sessions import Flow, Step, StepDeviceCode, StepInput, StepOpenUrl

_AGAIN = "Reload this page to try again, or copy its address and paste it."
_EXCHANGE_SECONDS = 45.0
"""The whole of an exchange, however slowly its answer drips."""
_PAUSE, _PATIENCE = 1.0, 120.0
"""Seconds between, and for, tries to exchange what a device was granted."""


class Login:
    """A login on its way. Made and used on the event loop.

    It ends once: with what was granted, or with an error. Whoever waits at that moment, in `granted` or in `answer`,
    gets the same end, the same object: the owner keeps a grant once. The verifier, the state, the codes and the user's
    answers are dropped then.

    What is pasted ends the login only by succeeding: whatever is refused leaves it open, and opening the same address
    again gives a new code. What the browser or the device brings ends it, unless the failure may pass.
    """

    def __init__(self, role: OAuthRole, context: OAuthContext, flow: Flow, *, timeout: float | None = None) -> None:
        self.id = f"login_{secrets.token_hex(8)}"
        self._role, self._context, self._timeout = role, context, timeout
        self._flow: Flow = flow
        self._outcome = Outcome()
        self._exchange = Exchange(self._redeem, self._end, self._outcome)
        self._dialogue = asyncio.Lock()
        self._asked: tuple[str, ...] = ()
        self._browser: Browser | None = None
        self._loopback: Loopback | None = None
        self._background: asyncio.Task[None] | None = None
        self._deadline: datetime | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def ended(self) -> bool:
        return self._outcome.reached

    async def begin(self) -> Step | Granted:
        """The first step; Granted where the flow needs none. A failure ends the login."""
        if self._timeout is not None:
            late = MaestroError("loginFailed", "The login was not finished in time; create the session again.")
            self._timer = asyncio.get_running_loop().call_later(self._timeout, self._end, late)
            self._deadline = datetime.now(UTC) + timedelta(seconds=self._timeout)
        try:
            async with self._dialogue:
                return await self._unless_ended(self._continue(self._context))
        except BaseException as error:
            self._end(error if isinstance(error, Exception) else cancelled())
            raise

    async def answer(self, inputs: Mapping[str, SecretStr]) -> Step | Granted:
        """The answers to the last questions, then on as `begin`; or a pasted code. `ended` says what a failure left.

        Raises:
            MaestroError: -32602 for a missing answer or a paste that cannot be meant; 4004 for a refused one; 4201,
                4203 or 4204 for a failure that may pass; 4005 for a refused consent, which ends the login; what the
                login ended with, if it did.
        """
        async with self._dialogue:
            if not self.ended and self._browser is None:
                return await self._answered(inputs)
        if self._browser is None:
            return self._outcome.get()
        steps.require(inputs, ("code",))
        granted = await self._exchange.run(self._browser.pasted(inputs["code"].get_secret_value()))
        await self._close()
        return granted

    async def granted(self) -> Granted:
        """Wait for the end, whoever brings it. To be cancelled while waiting leaves the login open."""
        await self._outcome.wait()
        await self._close()
        return self._outcome.get()

    async def cancel(self) -> bool:
        """End it with 4005, the listener closed; False if it had ended before."""
        ended_now = self._end(cancelled())
        await self._close()
        return ended_now

    async def _answered(self, inputs: Mapping[str, SecretStr]) -> Step | Granted:
        """A failure leaves the login at its last questions, so that they can be answered anew."""
        if not self._asked:
            raise MaestroError("invalidParams", "This login asks for nothing now; finish it on the page it named.")
        steps.require(inputs, self._asked)
        answers = {**self._context.inputs, **{key: inputs[key] for key in self._asked}}
        try:
            return await self._unless_ended(self._continue(replace(self._context, inputs=answers)))
        except MaestroError as error:
            if error.kind == "loginCancelled":
                self._end(error)
            raise

    async def _unless_ended(self, work: Coroutine[None, None, Step | Granted]) -> Step | Granted:
        """What the work gives. The login's end stops it, and so does whoever waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(seen)
        try:
            return self._outcome.get() if await self._outcome.reached_before(task) else task.result()
        finally:
            task.cancel()

    async def _continue(self, context: OAuthContext) -> Step | Granted:
        # In a thread: where the answer may be in a file of another tool, it is looked for.
        if fields := list(await asyncio.to_thread(self._role.questions, context, self._flow)):
            self._context, self._asked = context, tuple(field.key for field in fields)
            return StepInput(login_id=self.id, fields=fields)
        info, hidden = context.info, _values(context)
        if self._flow in ("loopback", "paste"):
            browser = await open_browser(self._role, context, self._flow)
            return self._with_browser(context, browser)
        if self._flow == "device":
            role = device_role(self._role, info)
            return self._with_device(context, role, await explained(role.start_device(context), info, hidden))
        reading = document_role(self._role, info).read_document(context, self._flow)
        granted = await explained(reading, info, hidden)
        self._end(granted)
        return granted

    def _with_browser(self, context: OAuthContext, browser: Browser) -> StepOpenUrl:
        if self.ended:  # in the loop's same turn
            if browser.loopback is not None:
                browser.loopback.close()
            raise cancelled()
        self._context, self._asked = context, ()
        self._browser, self._loopback = browser, browser.loopback
        if browser.loopback is not None:
            self._in_background(self._listen(browser, browser.loopback))
        return steps.open_url(self.id, browser, self._deadline)

    def _with_device(self, context: OAuthContext, role: DeviceRole, code: DeviceCode) -> StepDeviceCode:
        if self.ended:
            raise cancelled()
        self._context, self._asked = context, ()
        self._in_background(self._wait_for_device(role, code))
        return steps.enter_code(self.id, code, self._deadline)

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        self._background = asyncio.get_running_loop().create_task(self._ending_with(work))

    async def _ending_with(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:
            self._end(error)

    async def _listen(self, browser: Browser, loopback: Loopback) -> None:
        while not self.ended:
            grant = browser.grant(await loopback.code())
            try:
                await self._exchange.run(grant)
            except MaestroError as error:
                if not passes(error):
                    raise
                loopback.finish(False, f"{error.message} {_AGAIN}")

    async def _wait_for_device(self, role: DeviceRole, code: DeviceCode) -> None:
        info = self._context.info
        grant = await explained(poll(role, self._context, code), info, _values(self._context))
        if await patiently(lambda: self._exchange.run(grant), _PAUSE, _PATIENCE) is None:
            message = f"{info.label} did not finish the login in time; create the session again."
            raise MaestroError("loginFailed", message, provider=info.id)

    async def _redeem(self, grant: CodeGrant) -> Granted:
        info, hidden = self._context.info, (grant.code, grant.verifier, grant.state, *_values(self._context))
        try:
            async with asyncio.timeout(_EXCHANGE_SECONDS):
                return await explained(self._role.exchange(self._context, grant), info, hidden)
        except TimeoutError:
            message = f"{info.label} did not finish the login in time; check the network and try again."
            raise MaestroError("unreachable", message, provider=info.id) from None

    def _end(self, result: Granted | Exception) -> bool:
        """The one way to the end. The browser that waits is told, and everything of the login is dropped."""
        if not self._outcome.reach(result):
            return False
        if self._loopback is not None:
            failed = result.message if isinstance(result, MaestroError) else "The login failed."
            self._loopback.finish(not isinstance(result, Exception), failed)
            self._loopback.close()
        if self._timer is not None:
            self._timer.cancel()
        if self._background is not None and self._background is not asyncio.current_task():
            self._background.cancel()
        self._exchange.stop()
        self._background = self._browser = None  # a cancelled task keeps its frames
        self._context = replace(self._context, inputs={})
        return True

    async def _close(self) -> None:
        """Until the browser has its page, so that the process may leave."""
        if self.ended and self._loopback is not None:
            await self._loopback.aclose()


def _values(context: OAuthContext) -> list[str]:
    """The user's answers, which the service might repeat."""
    return [value.get_secret_value() for value in context.inputs.values()]
