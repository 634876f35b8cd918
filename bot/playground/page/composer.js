// Where one writes: messages, slash commands with hints, mentions.

import { h, icon, put } from "./dom.js";
import { openMenu, toast } from "./popover.js";
import { act, names, store, trouble } from "./store.js";
import { avatar } from "./messages.js";

const drafts = new Map();

/** A composer for a channel, or for a thread in it. */
export function composer({ channel, thread = null, placeholder }) {
  const key = `${store.me} ${channel} ${thread ?? ""}`;
  const note = h("p", { class: "composer-note", role: "alert" });
  const hints = h("div", { class: "hints", role: "listbox", "aria-label": "Suggestions", id: `hints-${thread ?? channel}`, hidden: true });
  const field = h("textarea", {
    rows: 1,
    placeholder,
    "aria-label": placeholder,
    "aria-controls": hints.id,
    "data-testid": thread ? "thread-composer" : "composer",
    value: drafts.get(key) ?? "",
    oninput: () => {
      drafts.set(key, field.value);
      put(note);
      resize();
      suggest();
    },
    onkeydown: keys,
    onblur: () => setTimeout(() => (hints.hidden = true), 150),
  });
  const send = h("button", { type: "button", class: "send", "aria-label": "Send now", title: "Send now", "data-testid": thread ? "thread-send" : "send", onclick: submit }, icon("send", 16));
  let picked = 0;
  let offered = [];

  function resize() {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 240)}px`;
    send.classList.toggle("ready", Boolean(field.value.trim()));
  }

  function keys(event) {
    if (!hints.hidden && offered.length) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        picked = (picked + (event.key === "ArrowDown" ? 1 : -1) + offered.length) % offered.length;
        draw();
        return;
      }
      if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && offered[picked].replaces !== field.value.trim())) {
        event.preventDefault();
        offered[picked].take();
        return;
      }
      if (event.key === "Escape") {
        hints.hidden = true;
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  }

  // --- suggestions -----------------------------------------------------------------------------------------------------

  function suggest() {
    const text = field.value;
    const before = text.slice(0, field.selectionStart);
    const at = /(?:^|\s)@([\w ]{0,20})$/.exec(before);
    if (/^\/[^\n]*$/.test(text)) offered = commands(text);
    else if (at) offered = people(at[1]);
    else offered = [];
    picked = 0;
    draw();
  }

  function commands(text) {
    const [name, ...rest] = text.split(" ");
    const all = [...store.commands, { command: "/invite", description: "Add an app to this channel", usage_hint: "@tunesmith", slack: true }];
    return all
      .filter((one) => (rest.length ? one.command === name : one.command.startsWith(name)))
      .map((one) => ({
        replaces: rest.length ? text.trim() : one.command,
        take: () => rest.length || insert(`${one.command} `),
        row: [
          one.slack ? avatar("USLACKBOT", 32) : avatar(store.app.bot, 32),
          h("span", {}, h("b", {}, one.command), h("i", {}, ` ${one.usage_hint}`), h("small", {}, one.description)),
          h("em", {}, one.slack ? "Slack" : store.app.name),
        ],
      }));
  }

  function people(words) {
    const fits = (id) => names.user(id).toLowerCase().startsWith(words.toLowerCase());
    return [...store.people, store.app.bot].filter(fits).map((id) => ({
      replaces: `@${names.user(id)}`,
      take: () => mention(id),
      row: [avatar(id, 24), h("span", {}, h("b", {}, names.user(id))), h("em", {}, id === store.app.bot ? "APP" : store.users.get(id).profile.title)],
    }));
  }

  function draw() {
    hints.hidden = !offered.length;
    const title = offered[0]?.replaces.startsWith("/") ? "Commands" : "People";
    put(
      hints,
      h("p", {}, title),
      offered.map((one, at) =>
        h("button", { type: "button", role: "option", tabindex: "-1", "aria-selected": String(at === picked), onmousedown: (event) => event.preventDefault(), onclick: () => { picked = at; one.take(); } }, one.row),
      ),
    );
  }

  function insert(text) {
    field.value = text;
    after();
  }

  function mention(id) {
    const start = field.selectionStart;
    const head = field.value.slice(0, start).replace(/@[\w ]{0,20}$/, `@${store.users.get(id).name} `);
    field.value = head + field.value.slice(start);
    field.setSelectionRange(head.length, head.length);
    after();
  }

  function after() {
    drafts.set(key, field.value);
    field.focus();
    resize();
    suggest();
  }

  function wrap(mark) {
    const [start, end] = [field.selectionStart, field.selectionEnd];
    field.value = field.value.slice(0, start) + mark + field.value.slice(start, end) + mark + field.value.slice(end);
    field.setSelectionRange(start + mark.length, end + mark.length);
    after();
  }

  // --- sending -----------------------------------------------------------------------------------------------------------

  async function submit() {
    const text = field.value.trim();
    if (!text || send.disabled) return;
    const command = /^(\/[\w-]+)(?:\s+([\s\S]*))?$/.exec(text);
    if (command && thread) {
      hints.hidden = true;
      put(note, `${command[1]} is not supported in threads. Sorry!`);
      return;
    }
    hints.hidden = true;
    send.disabled = true;
    const slow = setTimeout(() => put(note, h("span", { class: "working" }, `Sending${command ? ` ${command[1]}` : ""}…`)), 400);
    const answer = command
      ? await act("command", { channel, command: command[1], text: command[2] ?? "" })
      : await act("say", { channel, text, thread_ts: thread ?? undefined });
    clearTimeout(slow);
    put(note);
    send.disabled = false;
    if (!answer.ok && !answer.message) {
      put(note, trouble(answer));
      return;
    }
    if (field.value.trim() === text) {
      field.value = "";
      drafts.delete(key);
    }
    resize();
    field.focus();
  }

  const shortcuts = store.shortcuts.filter((one) => one.type === "global");
  const bolt = h(
    "button",
    {
      type: "button",
      "aria-label": "Shortcuts",
      title: "Shortcuts",
      "data-testid": "shortcuts",
      "aria-haspopup": "menu",
      onclick: () =>
        openMenu(
          bolt,
          shortcuts.map((one) => ({
            label: one.name,
            hint: one.description || store.app.name,
            symbol: "bolt",
            value: one.callback_id,
            act: async () => {
              const said = trouble(await act("shortcut", { callback_id: one.callback_id }));
              if (said) toast(said);
            },
          })),
        ),
    },
    icon("bolt", 18),
  );
  const format = [["bold", "*", "Bold"], ["italic", "_", "Italic"], ["strike", "~", "Strikethrough"], ["code", "`", "Code"]];
  const node = h(
    "div",
    { class: "composer" },
    hints,
    h(
      "div",
      { class: "box" },
      h("div", { class: "format", role: "toolbar", "aria-label": "Formatting" }, format.map(([name, mark, label]) => h("button", { type: "button", "aria-label": label, title: label, onclick: () => wrap(mark) }, icon(name, 16)))),
      field,
      h(
        "div",
        { class: "actions" },
        h("button", { type: "button", "aria-label": "Slash commands", title: "Slash commands", onclick: () => insert("/") }, icon("plus", 18)),
        h("button", { type: "button", "aria-label": "Mention someone", title: "Mention someone", onclick: () => insert(`${field.value}${field.value && !field.value.endsWith(" ") ? " " : ""}@`) }, icon("at", 18)),
        shortcuts.length && !thread ? bolt : null,
        send,
      ),
    ),
    h("div", { class: "below" }, note, h("p", { class: "keys" }, h("b", {}, "Shift + Return"), " to add a new line")),
  );
  requestAnimationFrame(resize);
  return { node, field };
}
