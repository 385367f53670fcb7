"""Whose chunks a chat sends: those of its workspace folder, then its own."""

from maestro_protocol.conversations import Chat


def canonical(folder: str) -> str:
    """A folder's URI as its chunks know it: no slash at its end."""
    return folder.rstrip("/")


def owners(chat: Chat) -> list[str]:
    """In the order their chunks are sent."""
    return [*([canonical(chat.workspace_folder)] if chat.workspace_folder else []), chat.id]
