// Modals: the top view of the stack, its inputs, its errors.

import { renderBlocks } from "./blocks.js";
import { h, icon, put } from "./dom.js";
import { options } from "./messages.js";
import { closePopover } from "./popover.js";
import { act, announce, listen, names, store, trouble, whereNow } from "./store.js";

let dialog = null;
let shown = "";
let errors = {};
let busy = false;

/** Show whatever modal is open for the person who looks, from now on. */
export function watchModals() {
  listen((kind) => {
    if (kind === "modals" || kind === "entered" || kind === "online") draw();
  });
}

function draw({ force = false } = {}) {
  const view = store.modals.at(-1);
  if (!view) {
    dialog?.close();
    dialog?.remove();
    dialog = null;
    shown = "";
    return;
  }
  const sign = JSON.stringify([view.id, view.hash, store.modals.length]);
  if (sign === shown && !force) return;
  if (!shown.includes(view.id) || !force) errors = force ? errors : {};
  shown = sign;
  if (!dialog) {
    dialog = h("dialog", { class: "modal", "data-testid": "modal", oncancel: (event) => { event.preventDefault(); dismiss(); } });
    document.getElementById("layer").append(dialog);
    dialog.showModal();
  }
  paint(view);
}

function paint(view) {
  const kept = document.activeElement?.dataset?.actionId;
  const selection = document.activeElement?.selectionStart;
  const scrolled = dialog.dataset.viewId === view.id ? dialog.querySelector(".body")?.scrollTop : 0;
  closePopover();
  if (!store.entered.has(view.id)) store.entered.set(view.id, {});
  const values = store.entered.get(view.id);
  const context = {
    names,
    values,
    errors,
    conversations: [...store.channels.values()].map((one) => ({ ...one, name: one.is_im ? names.user(store.app.bot) : one.name })),
    here: whereNow(),
    redraw: () => draw({ force: true }),
    act: async (block, part, raw) => {
      const said = trouble(await act("click", { view_id: view.id, action_id: part.action_id, block_id: block.block_id, value: raw, values }));
      if (said) store.troubles.set(view.id, said);
      else store.troubles.delete(view.id);
      if (said && store.modals.at(-1)?.id === view.id) draw({ force: true });
    },
    options: (part, words) => options(part, words, { view_id: view.id }),
  };
  const trouble_ = store.troubles.get(view.id);
  dialog.setAttribute("aria-label", view.title.text);
  dialog.dataset.viewId = view.id;
  put(
    dialog,
    h(
      "form",
      { method: "dialog", novalidate: true, onsubmit: (event) => { event.preventDefault(); submit(view); } },
      h(
        "header",
        {},
        h("img", { class: "avatar", src: "/page/icon.svg", alt: "", width: 28, height: 28 }),
        h("h2", {}, view.title.text),
        h("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: dismiss }, icon("close", 20)),
      ),
      h("div", { class: "body" }, trouble_ ? h("p", { class: "banner", role: "alert" }, icon("warning", 16), trouble_) : null, renderBlocks(view.blocks, context)),
      h(
        "footer",
        {},
        h("button", { type: "button", class: "button", "data-testid": "modal-close", onclick: dismiss }, view.close?.text ?? (store.modals.length > 1 ? "Back" : "Close")),
        view.submit ? h("button", { type: "submit", class: `button primary${busy ? " busy" : ""}`, "data-testid": "modal-submit", "aria-busy": busy || null }, view.submit.text) : null,
      ),
    ),
  );
  const target = kept ? dialog.querySelector(`[data-action-id="${CSS.escape(kept)}"]`) : dialog.querySelector("[autofocus], .field, .select");
  dialog.querySelector(".body").scrollTop = scrolled ?? 0;
  target?.focus({ preventScroll: Boolean(kept) });
  if (kept && selection !== undefined && selection !== null) target?.setSelectionRange?.(selection, selection);
}

async function submit(view) {
  if (busy) return;
  busy = true;
  dialog.querySelector("[data-testid=modal-submit]")?.classList.add("busy");
  const answer = await act("submit", { view_id: view.id, values: store.entered.get(view.id) });
  busy = false;
  errors = answer.errors ?? {};
  if (answer.ok) {
    store.troubles.delete(view.id);
    dialog?.querySelector("[data-testid=modal-submit]")?.classList.remove("busy");
    return;
  }
  if (answer.errors) store.troubles.delete(view.id);
  else store.troubles.set(view.id, trouble(answer));
  if (store.modals.at(-1)?.id === view.id) draw({ force: true });
  dialog?.querySelector(".invalid, .banner")?.scrollIntoView({ block: "nearest" });
}

async function dismiss() {
  const view = store.modals.at(-1);
  if (!view) return;
  const answer = await act("close", { view_id: view.id, values: store.entered.get(view.id) });
  if (answer.ok) return;
  // nobody knows it any more: whatever stands on the screen goes all the same
  store.modals = store.modals.filter((one) => one.id !== view.id);
  announce("modals");
}
