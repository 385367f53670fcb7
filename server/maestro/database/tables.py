"""The tables, as the statements that make them."""

from collections.abc import Mapping, Sequence

SESSIONS = "saved_authentications"

_SESSION_TABLES: Mapping[str, Sequence[str]] = {
    SESSIONS: (
        """
CREATE TABLE IF NOT EXISTS saved_authentications(id TEXT PRIMARY KEY, provider TEXT NOT NULL, auth_type TEXT NOT NULL,
  name TEXT NOT NULL, credentials BLOB NOT NULL, metadata TEXT NOT NULL DEFAULT '{}',
  status TEXT NOT NULL DEFAULT 'unverified', source TEXT NOT NULL DEFAULT 'vault', expires_at TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_used_at TEXT, revision INTEGER NOT NULL DEFAULT 1,
  UNIQUE(provider, auth_type, name))
""",
    ),
    "session_defaults": (
        "CREATE TABLE IF NOT EXISTS session_defaults(provider TEXT PRIMARY KEY, session_id TEXT NOT NULL)",
    ),
    "session_bindings": (
        """
CREATE TABLE IF NOT EXISTS session_bindings(kind TEXT NOT NULL CHECK (kind IN ('workspaceFolder','chat')),
  target TEXT NOT NULL, provider TEXT NOT NULL, session_id TEXT NOT NULL, PRIMARY KEY (kind, target, provider))
""",
    ),
    "vault_keys": (
        """
CREATE TABLE IF NOT EXISTS vault_keys(id TEXT PRIMARY KEY,
  source TEXT NOT NULL CHECK (source IN ('keyring','passphrase','file')), parameters TEXT NOT NULL DEFAULT '{}',
  check_value BLOB NOT NULL, active INTEGER NOT NULL, created_at TEXT NOT NULL)
""",
    ),
    "leases": (
        "CREATE TABLE IF NOT EXISTS leases(name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at REAL NOT NULL)",
    ),
    "notes": ("CREATE TABLE IF NOT EXISTS notes(key TEXT PRIMARY KEY, value TEXT NOT NULL, at TEXT NOT NULL)",),
}

_CHAT_TABLES: Mapping[str, Sequence[str]] = {
    # `revision` grows with every change of any chat, so that another window finds what is new. `words` is the title in
    # lower case, for searching; `titled` says that somebody chose it.
    "chats": (
        """
CREATE TABLE IF NOT EXISTS chats(id TEXT PRIMARY KEY, title TEXT NOT NULL, titled INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'idle', model TEXT, session_id TEXT, workspace_folder TEXT, system TEXT, forked_from TEXT,
  usage TEXT NOT NULL DEFAULT '{}', cost TEXT, last_seq INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0,
  words TEXT NOT NULL DEFAULT '')
""",
        "CREATE INDEX IF NOT EXISTS chats_by_revision ON chats(revision)",
        "CREATE INDEX IF NOT EXISTS chats_by_time ON chats(updated_at, id) WHERE deleted = 0",
    ),
    # `first_seq` is the place of the turn's first event in the chat's log.
    "turns": (
        """
CREATE TABLE IF NOT EXISTS turns(id TEXT PRIMARY KEY, chat_id TEXT, user_message_id TEXT, provider TEXT NOT NULL,
  model TEXT NOT NULL, session_id TEXT, first_seq INTEGER, started_at TEXT NOT NULL, ended_at TEXT, stop_reason TEXT,
  usage TEXT NOT NULL DEFAULT '{}', cost TEXT, requests INTEGER NOT NULL DEFAULT 0,
  retries INTEGER NOT NULL DEFAULT 0, cancel INTEGER NOT NULL DEFAULT 0)
""",
        "CREATE INDEX IF NOT EXISTS turns_open ON turns(chat_id) WHERE ended_at IS NULL",
        "CREATE INDEX IF NOT EXISTS turns_by_time ON turns(started_at)",
        "CREATE INDEX IF NOT EXISTS turns_of_chat ON turns(chat_id, started_at)",
    ),
    "chat_events": (
        """
CREATE TABLE IF NOT EXISTS chat_events(chat_id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (chat_id, seq)) WITHOUT ROWID
""",
    ),
    # `words` is the text in lower case, for searching; what is long stands last, so that nothing is read across it.
    "messages": (
        """
CREATE TABLE IF NOT EXISTS messages(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
  chat_id TEXT NOT NULL, turn_id TEXT, role TEXT NOT NULL, tool_call_id TEXT, status TEXT, intent_id TEXT,
  created_at TEXT NOT NULL, incomplete INTEGER NOT NULL DEFAULT 0, reverted INTEGER NOT NULL DEFAULT 0,
  words TEXT NOT NULL DEFAULT '', parts TEXT NOT NULL)
""",
        "CREATE INDEX IF NOT EXISTS messages_of_chat ON messages(chat_id, reverted, number)",
        "CREATE INDEX IF NOT EXISTS messages_of_turn ON messages(turn_id) WHERE turn_id IS NOT NULL",
    ),
}

_TOTAL = (
    "UPDATE SET chunks = chunks + excluded.chunks, tokens = tokens + excluded.tokens, bytes = bytes + excluded.bytes"
)
_ADD = f"""
INSERT INTO chunk_totals(owner, chunks, tokens, bytes) SELECT new.owner, 1, new.tokens, new.bytes
  WHERE new.deleted_at IS NULL ON CONFLICT(owner) DO {_TOTAL};
"""
_SUBTRACT = f"""
INSERT INTO chunk_totals(owner, chunks, tokens, bytes) SELECT old.owner, -1, -old.tokens, -old.bytes
  WHERE old.deleted_at IS NULL ON CONFLICT(owner) DO {_TOTAL};
"""

_CONTEXT_TABLES: Mapping[str, Sequence[str]] = {
    "chunk_totals": (
        """
CREATE TABLE IF NOT EXISTS chunk_totals(owner TEXT PRIMARY KEY, chunks INTEGER NOT NULL, tokens INTEGER NOT NULL,
  bytes INTEGER NOT NULL)
""",
    ),
    # `owner` is a chat's id or a folder's URI. A chunk without `text` is the message `message_id`; one with both was
    # attached to it. `position` grows as `number` does; a summary stands where the last chunk stood that it replaced.
    "chunks": (
        """
CREATE TABLE IF NOT EXISTS chunks(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL, scope TEXT NOT NULL, position REAL NOT NULL, source TEXT NOT NULL, label TEXT NOT NULL, uri TEXT,
  range TEXT, text TEXT, message_id TEXT, group_id TEXT, intent_id TEXT, tokens INTEGER NOT NULL,
  tokens_estimated INTEGER NOT NULL DEFAULT 1, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, preview TEXT NOT NULL,
  pinned INTEGER NOT NULL DEFAULT 0, stale INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, deleted_at TEXT,
  replaced_by TEXT)
""",
        "CREATE INDEX IF NOT EXISTS chunks_sent ON chunks(owner, position, number) WHERE deleted_at IS NULL",
        "CREATE INDEX IF NOT EXISTS chunks_gone ON chunks(owner, deleted_at) WHERE deleted_at IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS chunks_of_group ON chunks(group_id) WHERE group_id IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS chunks_of_message ON chunks(message_id) WHERE message_id IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS chunks_of_file ON chunks(uri, stale, sha256) WHERE uri IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS chunks_of_summary ON chunks(replaced_by) WHERE replaced_by IS NOT NULL",
        f"CREATE TRIGGER IF NOT EXISTS chunk_added AFTER INSERT ON chunks BEGIN {_ADD} END",
        f"CREATE TRIGGER IF NOT EXISTS chunk_forgotten AFTER DELETE ON chunks BEGIN {_SUBTRACT} END",
        "CREATE TRIGGER IF NOT EXISTS chunk_changed AFTER UPDATE OF owner, tokens, bytes, deleted_at ON chunks "
        f"BEGIN {_SUBTRACT} {_ADD} END",
    ),
}

_INTENT_TABLES: Mapping[str, Sequence[str]] = {
    # One entry per step of a record; `hash` covers the whole entry and so the one before it. `declared` is the number
    # of the record's first entry. What is searched for stands beside the body, in every entry of a record.
    "ledger": (
        """
CREATE TABLE IF NOT EXISTS ledger(number INTEGER PRIMARY KEY, intent_id TEXT NOT NULL,
  step TEXT NOT NULL CHECK (step IN ('declared','decided','observed')), declared INTEGER NOT NULL, chat_id TEXT,
  tool TEXT NOT NULL, purpose TEXT, risk_level TEXT NOT NULL, mismatched INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL,
  at TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE (intent_id, step))
""",
        "CREATE INDEX IF NOT EXISTS ledger_by_chat ON ledger(chat_id, number) WHERE step = 'declared'",
        "CREATE INDEX IF NOT EXISTS ledger_by_tool ON ledger(tool, number) WHERE step = 'declared'",
        "CREATE INDEX IF NOT EXISTS ledger_by_purpose ON ledger(purpose, number) WHERE step = 'declared'",
        "CREATE INDEX IF NOT EXISTS ledger_by_risk ON ledger(risk_level, number) WHERE step = 'declared'",
        "CREATE INDEX IF NOT EXISTS ledger_by_time ON ledger(at, number) WHERE step = 'declared'",
        "CREATE INDEX IF NOT EXISTS ledger_mismatched ON ledger(declared) WHERE mismatched = 1",
        "CREATE TRIGGER IF NOT EXISTS ledger_is_not_changed BEFORE UPDATE ON ledger "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER IF NOT EXISTS ledger_is_not_shortened BEFORE DELETE ON ledger "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        # REPLACE deletes without asking the trigger above.
        "CREATE TRIGGER IF NOT EXISTS ledger_is_not_replaced BEFORE INSERT ON ledger "
        "WHEN EXISTS (SELECT 1 FROM ledger WHERE number >= new.number) "
        "OR EXISTS (SELECT 1 FROM ledger WHERE intent_id = new.intent_id AND step = new.step) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    ),
    "ledger_head": (
        """
CREATE TABLE IF NOT EXISTS ledger_head(only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL,
  hash TEXT NOT NULL)
""",
    ),
    # `match` is for people, without secrets; `digest` is of what must be equal.
    "grants": (
        """
CREATE TABLE IF NOT EXISTS grants(id TEXT PRIMARY KEY, tool TEXT NOT NULL, match TEXT NOT NULL, digest TEXT NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('chat','workspace')), chat_id TEXT, workspace_folder TEXT,
  created_at TEXT NOT NULL)
""",
        "CREATE INDEX IF NOT EXISTS grants_by_digest ON grants(digest)",
        "CREATE INDEX IF NOT EXISTS grants_of_chat ON grants(chat_id) WHERE chat_id IS NOT NULL",
    ),
}

_AUDIT_TABLES: Mapping[str, Sequence[str]] = {
    # What people said of findings in a workspace folder: `mark` is a fingerprint (`dismissed`) or a rule (`rule`), of
    # which the path, the symbol and the title are empty.
    "finding_marks": (
        """
CREATE TABLE IF NOT EXISTS finding_marks(folder TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('dismissed','rule')),
  mark TEXT NOT NULL, path TEXT NOT NULL, symbol TEXT NOT NULL, rule TEXT NOT NULL, title TEXT NOT NULL,
  reason TEXT, count INTEGER NOT NULL DEFAULT 1, at TEXT NOT NULL,
  PRIMARY KEY (folder, kind, mark, path, symbol)) WITHOUT ROWID
""",
    ),
    # Lines count from 0 and the last one belongs to the block; `digest` finds it again in a text that was changed.
    "written_lines": (
        """
CREATE TABLE IF NOT EXISTS written_lines(uri TEXT NOT NULL, first_line INTEGER NOT NULL, last_line INTEGER NOT NULL,
  intent_id TEXT NOT NULL, digest TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (uri, first_line)) WITHOUT ROWID
""",
    ),
}

_RECALL_TABLES: Mapping[str, Sequence[str]] = {
    # Documents with findings, and who was asked about them; what was found follows from what is remembered of audits.
    # `rules` is a list in JSON, absent for all of them.
    "audited_documents": (
        """
CREATE TABLE IF NOT EXISTS audited_documents(uri TEXT PRIMARY KEY, provider TEXT NOT NULL, session_id TEXT,
  model TEXT NOT NULL, rules TEXT, min_severity TEXT NOT NULL) WITHOUT ROWID
""",
    ),
}

SINCE_3 = (*_CHAT_TABLES, *_CONTEXT_TABLES, *_INTENT_TABLES)
"""What version 3 of the shape brought."""

SINCE_4 = (*_AUDIT_TABLES,)
"""What version 4 of the shape brought."""

SINCE_5 = (*_RECALL_TABLES,)
"""What version 5 of the shape brought."""

TABLES: Mapping[str, Sequence[str]] = {
    **_SESSION_TABLES,
    **_CHAT_TABLES,
    **_CONTEXT_TABLES,
    **_INTENT_TABLES,
    **_AUDIT_TABLES,
    **_RECALL_TABLES,
}
"""By name, in an order in which they can be made."""
