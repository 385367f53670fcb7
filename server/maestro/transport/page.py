"""A page of the web, from exactly the address that was checked."""

import asyncio

import httpx

from maestro import __version__
from maestro.failures import UNSENT, Failure, UpstreamError
from maestro.transport.client import tls
from maestro.transport.errors import HTTP_ERRORS, failure_of
from maestro.transport.requests import Page
from maestro.transport.sockets import NewSocket


async def fetch_page(url: str, address: str, limit: int, timeout: float) -> Page:
    """GET a URL from exactly this IP address, whatever its name may lead to by now: no proxy, cookies, or redirects.

    At most `limit` bytes of the body are read. A certificate is checked against the name.

    Raises:
        UpstreamError: nothing could be read within `timeout` seconds.
    """
    opened, body, whole = NewSocket(), bytearray(), True
    try:
        named = httpx.URL(url)
        headers = {"host": named.netloc.decode("ascii"), "accept-encoding": "identity"}
        extensions = {"sni_hostname": named.raw_host.decode("ascii"), "trace": opened.trace}
        async with asyncio.timeout(timeout), _page_client() as client:
            request = client.build_request("GET", named.copy_with(host=address), headers=headers, extensions=extensions)
            response = await client.send(request, stream=True)
            async for part in response.aiter_raw():
                whole = len(body) + len(part) <= limit
                body += part[: limit - len(body)]
                if not whole:
                    break
            return Page(response.status_code, dict(response.headers), bytes(body), whole)
    except TimeoutError:
        failure = Failure("network", "It did not answer in time.")
    except HTTP_ERRORS as error:
        failure = failure_of(error)
    except ValueError:
        failure = Failure("invalid_request", "The address cannot be put into HTTP.", UNSENT)
    finally:
        await opened.aclose()
    raise UpstreamError(failure)


def _page_client() -> httpx.AsyncClient:
    agent = {"user-agent": f"maestro/{__version__}", "accept": "text/html, text/*;q=0.9, */*;q=0.5"}
    return httpx.AsyncClient(verify=tls(), timeout=None, trust_env=False, headers=agent, follow_redirects=False)
