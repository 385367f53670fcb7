// The context view: every chunk a request would send, and those that were deleted and can come back.
import type { FromContext, ToContext } from "../src/context/messages.ts";
import type { Word } from "../src/context/words.ts";
import { drawRows } from "./chunks.ts";
import { byId } from "./dom.ts";
import { connect } from "./host.ts";
import { showTold } from "./told.ts";
import { wording } from "./words.ts";

const t = wording<Word>();
const host = connect<FromContext, ToContext, undefined>(show);

byId("heading").textContent = t("heading");
byId("context-chunks").setAttribute("aria-label", t("chunks"));
byId("total").setAttribute("role", "status");
byId("add").textContent = t("add");
byId("add").addEventListener("click", () => host.say({ type: "add" }));
byId("advice").querySelector("button")?.addEventListener("click", () => host.say({ type: "advice" }));
host.say({ type: "ready" });

/** Where nothing is known nothing is shown, neither chunks nor that there are none. */
function show({ state, advice }: ToContext): void {
  showTold(byId("advice"), advice);
  for (const id of ["context-chunks", "total", "add"]) byId(id).hidden = state === undefined;
  if (!state) return;
  const { rows, total, budget } = state;
  const list = byId("context-chunks");
  drawRows(list, rows, (action, id) => host.say({ type: "act", action, id }));
  byId("context-chunks-empty").hidden = rows.some(({ deleted }) => !deleted);
  byId("context-chunks-empty").textContent = t(budget?.used ? "instructions" : "empty");
  const sum = budget?.size
    ? t("budget", budget.used.toLocaleString(), budget.size.toLocaleString())
    : t("total", total.tokens.toLocaleString());
  if (byId("total").textContent !== sum) byId("total").textContent = sum;
}
