// The workspace: bars, sidebar, the channel or the app's pages, the thread pane.

import { renderBlocks } from "./blocks.js";
import { composer } from "./composer.js";
import { h, icon, put } from "./dom.js";
import { avatar, messageList, options } from "./messages.js";
import { watchModals } from "./modal.js";
import { clock } from "./mrkdwn.js";
import { openPopover, closePopover } from "./popover.js";
import { act, announce, enter, listen, names, store, trouble, whereNow } from "./store.js";

const root = document.getElementById("app");
const parts = { top: h("header", { class: "top" }), rail: h("nav", { class: "rail", "aria-label": "Workspace" }), side: h("nav", { class: "side", "aria-label": "Channels" }), main: h("main"), thread: h("aside", { class: "thread", "aria-label": "Thread" }) };
let lists = [];

// --- moving about ----------------------------------------------------------------------------------------------------------

function go(place, tab = store.tab) {
  root.classList.remove("with-side");
  Object.assign(store, { place, tab, thread: null });
  if (place === "app" && tab !== "about") act("home", { tab });
  const channel = whereNow();
  if (channel) store.unread.delete(channel);
  draw();
}

function openThread(ts) {
  store.thread = ts;
  drawThread();
  parts.thread.querySelector("textarea")?.focus();
}

function closeThread() {
  store.thread = null;
  drawThread();
}

// --- the frame -------------------------------------------------------------------------------------------------------------

function draw() {
  drawTop();
  drawRail();
  drawSide();
  drawMain();
  drawThread();
  root.removeAttribute("aria-busy");
  if (!parts.main.isConnected) put(root, parts.top, parts.rail, parts.side, h("div", { class: "panes" }, parts.main, parts.thread));
}

function drawTop() {
  const pick = h(
    "select",
    { "data-testid": "user-switcher", id: "viewing-as", onchange: (event) => enter(event.target.value) },
    store.people.map((id) => h("option", { value: id, selected: id === store.me }, names.user(id))),
  );
  const search = h("input", { type: "search", placeholder: `Search ${store.team.name}`, "aria-label": "Search messages", oninput: () => find(search) });
  put(
    parts.top,
    h("button", { type: "button", class: "menu-button", "aria-label": "Channels", "data-testid": "menu", onclick: () => root.classList.toggle("with-side") }, icon("list", 20)),
    h("div", { class: "search" }, icon("search", 16), search),
    h("div", { class: "viewing" }, h("label", { for: "viewing-as" }, "Viewing as"), avatar(store.me, 24), h("span", { class: "picker" }, pick, icon("caret", 14))),
  );
}

function find(field) {
  const words = field.value.trim().toLowerCase();
  if (words.length < 2) return closePopover();
  const hits = [...store.messages].flatMap(([channel, list]) => [...list.values()].filter((m) => m.text.toLowerCase().includes(words)).map((m) => ({ channel, message: m }))).slice(-8).reverse();
  const node = h(
    "div",
    { class: "listbox found" },
    hits.length
      ? hits.map(({ channel, message }) =>
          h("button", { type: "button", role: "option", onclick: () => { closePopover(); field.value = ""; visit(channel, message); } },
            h("span", {}, h("small", {}, `${names.user(message.user)} in #${names.channel(channel)} · ${clock(new Date(message.ts * 1000))}`), message.text.slice(0, 110))))
      : h("p", { class: "note" }, "No results"),
  );
  openPopover(field, node);
  return undefined;
}

function visit(channel, message) {
  const isDirect = store.channels.get(channel)?.is_im;
  go(isDirect ? "app" : channel, "messages");
  if (message.thread_ts) openThread(message.thread_ts);
  document.querySelector(`[data-ts="${message.ts}"]`)?.scrollIntoView({ block: "center" });
}

function drawRail() {
  const item = (name, label, active, onclick) => h("button", { type: "button", class: active ? "active" : "", "aria-current": active ? "page" : null, onclick }, h("span", {}, icon(name, 20)), label);
  put(
    parts.rail,
    h("span", { class: "workspace", title: store.team.name, "aria-hidden": "true" }, store.team.name[0]),
    item("home", "Home", store.place !== "app", () => go("C0FINETUNE")),
    item("messages", "DMs", store.place === "app" && store.tab === "messages", () => go("app", "messages")),
    item("bolt", "Apps", store.place === "app" && store.tab !== "messages", () => go("app", "home")),
    h("span", { class: "me", title: names.user(store.me) }, avatar(store.me, 36)),
  );
}

function drawSide() {
  const row = (active, unread, onclick, testid, ...inside) =>
    h("button", { type: "button", class: `${active ? "active" : ""}${unread ? " unread" : ""}`, "aria-current": active ? "page" : null, "data-testid": testid, onclick }, inside, unread ? h("span", { class: "count", "aria-label": `${unread} unread` }, String(unread)) : null);
  const channels = [...store.channels.values()].filter((c) => !c.is_im).sort((a, b) => a.name.localeCompare(b.name));
  const direct = [...store.channels.values()].find((c) => c.is_im);
  put(
    parts.side,
    h("h1", {}, store.team.name),
    h(
      "div",
      { class: "groups" },
      h("h2", {}, "Channels"),
      channels.map((c) => row(store.place === c.id, store.unread.get(c.id), () => go(c.id), `channel-${c.name}`, h("span", { class: "hash", "aria-hidden": "true" }, "#"), h("span", {}, c.name))),
      h("h2", {}, "Direct messages"),
      h("p", { class: "person" }, avatar(store.me, 20), h("span", {}, names.user(store.me), h("small", {}, "you"))),
      h("h2", {}, "Apps"),
      row(store.place === "app", direct && store.unread.get(direct.id), () => go("app", store.app.home_tab ? "home" : "messages"), "app-tunesmith", h("span", { class: "presence-holder" }, avatar(store.app.bot, 20), h("i", { class: `presence ${store.connected ? "on" : ""}`, title: store.connected ? "The app is running" : "The app is not running" })), h("span", {}, names.user(store.app.bot))),
    ),
  );
}

function drawMain() {
  const channel = whereNow();
  lists = lists.filter((one) => one.thread);
  const banner = h("p", { class: "offline", role: "status", hidden: store.online }, "Trying to reconnect to the workspace…");
  if (store.place === "app") return put(parts.main, banner, appHead(), appBody(channel));
  return put(parts.main, banner, channelHead(store.channels.get(channel)), conversation(channel, `Message #${names.channel(channel)}`, () => welcome(store.channels.get(channel))));
}

function channelHead(channel) {
  return h(
    "header",
    { class: "head" },
    h("h2", {}, h("span", { class: "hash", "aria-hidden": "true" }, "#"), channel.name),
    h("p", { class: "topic" }, channel.topic),
    h("span", { class: "members", title: channel.members.map((id) => names.user(id)).join(", ") }, channel.members.slice(0, 3).map((id) => avatar(id, 24)), h("b", { "aria-label": `${channel.members.length} members` }, String(channel.members.length))),
  );
}

function welcome(channel) {
  const first = store.commands[0]?.command;
  return h(
    "section",
    { class: "welcome" },
    h("h3", {}, h("span", { class: "hash" }, "#"), ` ${channel.name}`),
    h("p", {}, `This is the very beginning of the `, h("b", {}, `#${channel.name}`), ` channel. ${channel.topic}.`),
    first && channel.members.includes(store.app.bot) ? h("p", {}, "Type ", h("code", {}, `${first} help`), " to see what ", h("b", {}, names.user(store.app.bot)), " can do, or just ask for a fine-tune.") : null,
  );
}

function conversation(channel, placeholder, intro) {
  const list = messageList({ channel, openThread, intro });
  lists.push({ channel, thread: null, ...list });
  return [list.node, composer({ channel, placeholder }).node];
}

// --- the app's own pages --------------------------------------------------------------------------------------------------

function appHead() {
  const tabs = [["home", "Home", store.app.home_tab], ["messages", "Messages", store.app.messages_tab], ["about", "About", true]];
  return h(
    "header",
    { class: "head app" },
    h("h2", {}, avatar(store.app.bot, 28), names.user(store.app.bot), h("span", { class: "badge" }, "APP")),
    h("div", { class: "tabs", role: "tablist" }, tabs.filter(([, , on]) => on).map(([tab, label]) => h("button", { type: "button", role: "tab", "aria-selected": String(store.tab === tab), "data-testid": `tab-${tab}`, onclick: () => go("app", tab) }, label))),
  );
}

function appBody(channel) {
  if (store.tab === "messages") return conversation(channel, `Message ${names.user(store.app.bot)}`, () => h("section", { class: "welcome" }, h("h3", {}, names.user(store.app.bot)), h("p", {}, `This is the very beginning of your direct messages with ${names.user(store.app.bot)}.`)));
  if (store.tab === "about") return h("div", { class: "home" }, h("div", { class: "sheet" }, h("h3", {}, store.app.name), h("p", {}, store.app.description), store.commands.map((c) => h("p", {}, h("code", {}, `${c.command} ${c.usage_hint}`), ` ${c.description}`))));
  return h("div", { class: "home", "data-testid": "home" }, store.home ? homeSheet(store.home) : h("p", { class: "note" }, "The app has not filled its Home tab yet."));
}

function homeSheet(view) {
  if (!store.entered.has(view.id)) store.entered.set(view.id, {});
  const values = store.entered.get(view.id);
  const said = store.troubles.get(view.id);
  return h(
    "div",
    { class: "sheet" },
    said ? h("p", { class: "trouble", role: "alert" }, icon("warning", 14), said) : null,
    renderBlocks(view.blocks, {
      names,
      values,
      redraw: drawMain,
      act: async (block, part, raw) => {
        const problem = trouble(await act("click", { view_id: view.id, action_id: part.action_id, block_id: block.block_id, value: raw, values }));
        if (problem) store.troubles.set(view.id, problem);
        else store.troubles.delete(view.id);
        announce("home");
      },
      options: (part, words) => options(part, words, { view_id: view.id }),
    }),
  );
}

// --- the thread pane ------------------------------------------------------------------------------------------------------

function drawThread() {
  lists = lists.filter((one) => !one.thread);
  const channel = whereNow();
  root.classList.toggle("with-thread", Boolean(store.thread && channel));
  if (!store.thread || !channel) return put(parts.thread);
  const list = messageList({ channel, thread: store.thread, openThread });
  lists.push({ channel, thread: store.thread, ...list });
  return put(
    parts.thread,
    h("header", { class: "head" }, h("h2", {}, "Thread"), h("p", { class: "topic" }, store.channels.get(channel).is_im ? names.user(store.app.bot) : `# ${names.channel(channel)}`), h("button", { type: "button", class: "icon-button", "aria-label": "Close thread", "data-testid": "close-thread", onclick: closeThread }, icon("close", 20))),
    list.node,
    composer({ channel, thread: store.thread, placeholder: "Reply…" }).node,
  );
}

// --- life -------------------------------------------------------------------------------------------------------------------

let asked = false;

function sync() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    for (const list of lists) list.sync();
  });
}

listen((kind, change) => {
  if (kind === "entered") draw();
  else if (kind === "home" && store.place === "app" && store.tab === "home") drawMain();
  else if (kind === "connected") drawSide();
  else if (kind === "online") {
    const banner = parts.main.querySelector(".offline");
    if (banner) banner.hidden = store.online;
    sync();
  } else if (["message", "deleted", "ephemeral", "ephemeral_deleted", "status", "trouble"].includes(kind)) {
    sync();
    if (kind === "message" && change.message.user !== store.me) drawSide();
  }
});
watchModals();

function followAddress() {
  const [, , channel, stamp] = location.pathname.split("/");
  if (!channel) return;
  store.place = channel;
  const ts = stamp?.replace(/^p(\d+)(\d{6})$/, "$1.$2");
  store.thread = new URLSearchParams(location.search).get("thread_ts") ?? ts ?? null;
}

followAddress();
enter(store.me).catch(() => put(root, h("p", { class: "loading error", role: "alert" }, "The workspace cannot be reached. Is it still running? ", h("button", { type: "button", onclick: () => location.reload() }, "Try again"))));
