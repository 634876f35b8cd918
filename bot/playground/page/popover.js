// What floats above the page: menus, list boxes, confirm dialogs, toasts.

import { h, icon, put } from "./dom.js";

let current = null;

/** Close whatever menu is open. */
export function closePopover({ refocus = false } = {}) {
  if (!current) return;
  const { node, anchor, onclose } = current;
  current = null;
  node.remove();
  anchor.setAttribute("aria-expanded", "false");
  document.removeEventListener("pointerdown", outside, true);
  document.removeEventListener("keydown", keys, true);
  onclose?.();
  if (refocus) anchor.focus();
}

function outside(event) {
  if (current && !current.node.contains(event.target) && !current.anchor.contains(event.target)) closePopover();
}

function keys(event) {
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    closePopover({ refocus: true });
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !current) return;
  event.preventDefault();
  const items = [...current.node.querySelectorAll("[role=option], [role=menuitem]")];
  if (!items.length) return;
  const at = items.indexOf(document.activeElement);
  items[(at + step + items.length) % items.length].focus();
}

/** Show `node` next to `anchor`. */
export function openPopover(anchor, node, { onclose, align = "start" } = {}) {
  closePopover();
  const parent = anchor.closest("dialog") ?? document.getElementById("layer");
  node.classList.add("popover");
  parent.append(node);
  anchor.setAttribute("aria-expanded", "true");
  const box = anchor.getBoundingClientRect();
  const size = node.getBoundingClientRect();
  const left = align === "end" ? box.right - size.width : box.left;
  const below = box.bottom + 4 + size.height < innerHeight;
  Object.assign(node.style, {
    left: `${Math.max(8, Math.min(left, innerWidth - size.width - 8))}px`,
    top: `${below ? box.bottom + 4 : Math.max(8, box.top - size.height - 4)}px`,
  });
  current = { node, anchor, onclose };
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", keys, true);
}

/** A menu of {label, hint, act, danger, symbol}. */
export function openMenu(anchor, items, options = {}) {
  const node = h(
    "div",
    { class: "menu", role: "menu" },
    items.map((item) =>
      item === "divider"
        ? h("hr")
        : h(
            "button",
            {
              type: "button",
              role: "menuitem",
              class: item.danger ? "danger" : "",
              "data-value": item.value,
              onclick: () => {
                closePopover({ refocus: true });
                item.act();
              },
            },
            item.symbol ? icon(item.symbol, 16) : null,
            h("span", {}, item.label),
            item.hint ? h("small", {}, item.hint) : null,
          ),
    ),
  );
  openPopover(anchor, node, options);
  node.querySelector("[role=menuitem]")?.focus();
}

/** A list box with a search field. `find(words)` gives [{label, options}] or a promise of it. */
export function openListbox(anchor, { find, choose, multiple = false, isChosen = () => false, minimum = 0, label = "Choose" }) {
  const list = h("div", { class: "list", role: "listbox", "aria-label": label, "aria-multiselectable": multiple || null });
  const field = h("input", { type: "text", class: "search", placeholder: "Search", "aria-label": `Search: ${label}`, autocomplete: "off" });
  const node = h("div", { class: "listbox" }, field, list);
  let turn = 0;
  const note = (text) => put(list, h("p", { class: "note", role: "status" }, text));

  async function refresh() {
    const mine = ++turn;
    if (field.value.length < minimum) return note(`Type at least ${minimum} character${minimum === 1 ? "" : "s"} to search`);
    const waiting = setTimeout(() => mine === turn && note("Loading…"), 120);
    const answer = await find(field.value);
    clearTimeout(waiting);
    if (mine !== turn) return undefined;
    if (answer.error) return note("Couldn’t load options. Please try again.");
    const groups = answer.groups.filter((group) => group.options.length);
    if (!groups.length) return note("No results");
    return put(list, groups.map((group) => [group.label ? h("p", { class: "group" }, group.label) : null, group.options.map(row)]));
  }

  function row(option) {
    const chosen = isChosen(option);
    return h(
      "button",
      {
        type: "button",
        role: "option",
        "aria-selected": String(chosen),
        "data-value": option.value,
        onclick: () => {
          choose(option);
          if (multiple) refresh();
          else closePopover({ refocus: true });
        },
      },
      h("span", {}, option.text.text, option.description ? h("small", {}, option.description.text) : null),
      chosen ? icon("check", 16) : null,
    );
  }

  let delay;
  field.addEventListener("input", () => {
    clearTimeout(delay);
    delay = setTimeout(refresh, 150);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    list.querySelector("[role=option]")?.click();
  });
  node.style.minWidth = `${Math.max(anchor.getBoundingClientRect().width, 240)}px`;
  openPopover(anchor, node);
  field.focus();
  refresh();
}

/** Ask before something costly; resolves to true or false. `dialog`: a Block Kit confirm object. */
export function confirmDialog(dialog, { render }) {
  return new Promise((resolve) => {
    const done = (answer) => {
      node.close();
      node.remove();
      resolve(answer);
    };
    const style = dialog.style === "danger" ? "danger" : "primary";
    const node = h(
      "dialog",
      { class: "confirm", "data-testid": "confirm", "aria-label": dialog.title?.text ?? "Confirm", oncancel: () => done(false) },
      h("header", {}, h("h2", {}, dialog.title?.text ?? "Are you sure?"), h("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => done(false) }, icon("close", 20))),
      h("div", { class: "body" }, dialog.text ? render(dialog.text) : "This can’t be undone."),
      h(
        "footer",
        {},
        h("button", { type: "button", class: "button", "data-testid": "confirm-deny", onclick: () => done(false) }, dialog.deny?.text ?? "Cancel"),
        h("button", { type: "button", class: `button ${style}`, "data-testid": "confirm-yes", autofocus: true, onclick: () => done(true) }, dialog.confirm?.text ?? "Confirm"),
      ),
    );
    document.getElementById("layer").append(node);
    node.showModal();
  });
}

/** Say something for a few seconds. */
export function toast(text, kind = "error") {
  const node = h("div", { class: `toast ${kind}`, role: kind === "error" ? "alert" : "status" }, icon(kind === "error" ? "warning" : "check", 16), text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}
