"""The composition root: the one place where the services are constructed and tied together."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from maestro import provider
from maestro.audit.options import shared_on_disk
from maestro.directories import directories
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.audit import AuditService
from maestro.services.audit_costs import AuditCosts
from maestro.services.audit_document import DocumentAudits
from maestro.services.audit_files import AuditFiles
from maestro.services.audit_on_save import AuditOnSave
from maestro.services.audited_documents import AuditedDocuments
from maestro.services.baselines import Baselines
from maestro.services.budgets import Budgets
from maestro.services.chat_feed import ChatFeed
from maestro.services.chat_stores import ChatStores
from maestro.services.chats import ChatService
from maestro.services.compaction import CompactionService
from maestro.services.completions import CompletionService
from maestro.services.context import ContextService
from maestro.services.doctor import DoctorService
from maestro.services.document_edits import DocumentEdits
from maestro.services.findings import FindingStore
from maestro.services.fixing import Fixing
from maestro.services.history import HistoryService
from maestro.services.imports import ImportService
from maestro.services.intent_findings import IntentFindings
from maestro.services.intents import IntentService
from maestro.services.logins import LoginService
from maestro.services.marks import Marks
from maestro.services.models import ModelService
from maestro.services.opinions import Opinions
from maestro.services.permissions import PermissionService
from maestro.services.private import Private
from maestro.services.recall import Recall
from maestro.services.refresher import Refresher
from maestro.services.running import Running
from maestro.services.sessions import SessionService
from maestro.services.spending import Spending
from maestro.services.status import StatusService
from maestro.services.texts import Texts
from maestro.services.tools import ToolService
from maestro.services.usage import UsageService
from maestro.services.verdicts import Verdicts
from maestro.services.written import WrittenLines
from maestro.telemetry import Telemetry
from maestro.workspace.gate import Gate
from maestro_protocol.settings import Settings

_log = logging.getLogger(__name__)
_TELEMETRY_SECONDS = 0.3
"""What spans are not exported by then are lost; nobody waits for them."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the product does, for whoever sits in front of it."""

    runtime: Runtime
    editor: Editor
    gate: Gate
    sessions: SessionService
    imports: ImportService
    logins: LoginService
    models: ModelService
    chats: ChatService
    completions: CompletionService
    compaction: CompactionService
    context: ContextService
    history: HistoryService
    feed: ChatFeed
    stores: ChatStores
    tools: ToolService
    permissions: PermissionService
    intents: IntentService
    written: WrittenLines
    spending: Spending
    usage: UsageService
    telemetry: Telemetry
    audit: AuditService
    audit_on_save: AuditOnSave
    audit_files: AuditFiles
    recall: Recall
    texts: Texts
    findings: FindingStore
    marks: Marks
    opinions: Opinions
    fixing: Fixing
    status: StatusService
    doctor: DoctorService
    refresher: Refresher

    async def open(self) -> None:
        """Read the store and follow it; take over what an older system left. What it has to say, it shows."""
        await self.sessions.open()
        try:
            await self.history.recover()
            await self.feed.open()
            await self.marks.open()
        except MaestroError as error:  # told by the sessions, which are in the same database
            _log.warning("%s", error.message)
        for notice in await self.imports.run_once():
            self.editor.show(notice)

    async def aclose(self) -> None:
        """End what is under way, close every connection and the store."""
        await self.refresher.aclose()
        await self.audit_on_save.aclose()
        self.findings.aclose()
        await self.logins.aclose()
        await self.context.files.aclose()
        await self.spending.aclose()
        await asyncio.gather(self.tools.aclose(), self.telemetry.aclose(_TELEMETRY_SECONDS), self.stores.aclose())
        await self.runtime.aclose()


def build(
    settings: Settings,
    environment: Mapping[str, str],
    editor: Editor,
    *,
    use_environment_keys: bool = False,
    baselines: Baselines | None = None,
) -> Services:
    """Tie everything together and install it under `maestro.provider`.

    `use_environment_keys` is for terminals; in an editor a key from the environment must be adopted first.
    """
    runtime = provider.new_runtime(settings, environment)
    runtime.warn = editor.show
    provider.use(runtime)
    private = Private(runtime)
    gate = Gate(editor, private.folders, private.secrets)
    status, telemetry = StatusService(runtime, editor), Telemetry(lambda: runtime.settings, editor.show)
    sessions = SessionService(runtime, editor, use_environment=use_environment_keys)
    models = ModelService(runtime, sessions)
    database = runtime.sessions.database
    spending = Spending(runtime, database, status)
    texts, written, baselines = Texts(editor), WrittenLines(database), baselines or Baselines()
    texts.listen(lambda text, edits: written.edited(text.uri, edits, text.text))
    marks = Marks(database, lambda: findings.show_all())
    findings = FindingStore(texts, editor, Verdicts(marks, baselines, gate.folder_of).judge)
    shared = shared_on_disk(directories(environment).cache / "audit.db", settings.audit.concurrency)
    audited = AuditedDocuments(database)
    findings.listen_for_clearing(audited.forget)
    documents = DocumentAudits(editor, gate, texts, findings, shared, marks, baselines, written, audited)
    audit = AuditService(runtime, models, status, editor, gate, documents, AuditCosts(models, spending))
    stores, running = ChatStores(database), Running(runtime)
    feed = ChatFeed(stores, running, editor)
    history = HistoryService(stores, feed, running, sessions, models, editor)
    tools = ToolService(runtime, editor, gate, private, findings.shown)
    budgets = Budgets(runtime, models, tools)
    permissions = PermissionService(runtime, editor, stores)
    context = ContextService(stores, gate, editor, findings.diagnostics, budgets.of, feed.context_changed)
    chats = ChatService(
        runtime,
        stores,
        history=history,
        feed=feed,
        running=running,
        models=models,
        budgets=budgets,
        spending=spending,
        tools=tools,
        permissions=permissions,
        findings=findings,
        intents=IntentFindings(written, gate, findings),
        files=context.files,
        status=status,
        telemetry=telemetry,
        editor=editor,
        gate=gate,
    )
    return Services(
        runtime=runtime,
        editor=editor,
        gate=gate,
        sessions=sessions,
        imports=ImportService(runtime),
        logins=LoginService(sessions, editor),
        models=models,
        chats=chats,
        completions=CompletionService(models, running, status, telemetry, database, spending),
        compaction=CompactionService(stores, feed, running, models, spending),
        context=context,
        history=history,
        feed=feed,
        stores=stores,
        tools=tools,
        permissions=permissions,
        intents=IntentService(database),
        written=written,
        spending=spending,
        usage=UsageService(runtime, stores, spending),
        telemetry=telemetry,
        audit=audit,
        audit_on_save=AuditOnSave(runtime, audit, editor.show),
        audit_files=AuditFiles(gate, editor, texts, findings, baselines, written, audited),
        recall=Recall(editor, documents, audited),
        texts=texts,
        findings=findings,
        marks=marks,
        opinions=Opinions(gate, findings, marks, baselines, DocumentEdits(editor)),
        fixing=Fixing(editor, gate, findings),
        status=status,
        doctor=DoctorService(runtime),
        refresher=Refresher(runtime),
    )
