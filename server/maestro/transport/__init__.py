"""The only package that speaks HTTP: one pooled client per provider, streams as bytes, failures as `UpstreamError`."""

from maestro.transport.blocking import fetch_blocking as fetch_blocking
from maestro.transport.page import fetch_page as fetch_page
from maestro.transport.pool import Transport as Transport
from maestro.transport.requests import HttpReply as HttpReply
from maestro.transport.requests import HttpRequest as HttpRequest
from maestro.transport.requests import Page as Page
from maestro.transport.requests import encoded_json as encoded_json
from maestro.transport.stream import HttpStream as HttpStream
