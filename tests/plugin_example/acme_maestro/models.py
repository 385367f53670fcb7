"""The models of Acme."""

from pydantic import BaseModel

from maestro.providers.base import Connection
from maestro.providers.reply import read
from maestro.providers.request import join
from maestro.transport import HttpRequest
from maestro_protocol.models import Model

from .api_key import signed


class _Row(BaseModel):
    id: str


class _List(BaseModel):
    data: list[_Row]


async def list_models(connection: Connection) -> list[Model]:
    """`GET /models`"""
    request = HttpRequest("GET", join(connection.base_url, "models"), {})
    answer = await connection.http.fetch(signed(connection, request))
    return [Model(id=f"acme/{row.id}", provider="acme", name=row.id) for row in read(_List, answer.json).data]
